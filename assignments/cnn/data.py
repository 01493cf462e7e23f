"""Fashion-MNIST split by the course's secret seed and rendered anew, most of it without labels."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.datasets import (
    CLOTHES,
    HELDOUT_CLOTHES,
    Images,
    fashion_mnist,
    public_mask,
    split_clothes,
    stream,
)
from grader.rendering import render
from grader.spec import Arrays, Prepared

CLASSES = 10
LABELLED = 500  # a class, handed out with labels to train on
EXAMPLES = 50  # a class, handed out with labels for the check
UNLABELLED = 40_000  # handed out without: fewer than are left, so that what is missing isn't what is held out
NOISE = 0.03  # σ of the noise on perturbed images, in units of white


def prepare(source: Path | None, seed: int, n: int) -> Prepared:
    """Draw one course's data from the data set in `source` (None: where `fashion_mnist` finds it).

    public: images (5000, 28, 28) uint8 with labels (5000,) int64, 500 a class; unlabelled (40000, 28, 28)
    uint8; examples (500, 1, 28, 28) float32 in [0, 1] with example_labels (500,), 50 a class.
    heldout: images and nudged (n, 1, 28, 28) float32 in [0, 1], labels (n,) int64, public (n,) bool; nudged:
    the perturbed images, by the name that courses have on disk; and to deal from, originals (45000, 28, 28)
    uint8 with original_labels (45000,) int64. All other images are rendered anew (`grader.rendering`), each
    part by a random stream of its own. Raises HeldoutError when the data set is missing or damaged.
    """
    clothes = fashion_mnist(source)
    held, rest = split_clothes(seed, CLOTHES - HELDOUT_CLOTHES)
    labelled, examples, unlabelled = _hand_out(clothes.labels, rest)
    originals = np.concatenate([labelled, unlabelled])
    images = as_input(_rendered(clothes, held[:n], seed, "held-out items"))
    return Prepared(
        public={
            "images": _rendered(clothes, labelled, seed, "labelled images"),
            "labels": clothes.labels[labelled],
            "unlabelled": _rendered(clothes, unlabelled, seed, "images without label"),
            "examples": as_input(_rendered(clothes, examples, seed, "examples")),
            "example_labels": clothes.labels[examples],
        },
        heldout={
            "images": images,
            "nudged": perturb(images, stream(seed, "cnn: nudges")),
            "labels": clothes.labels[held[:n]],
            "public": public_mask(n),
            "originals": clothes.images[originals],
            "original_labels": clothes.labels[originals],
        },
    )


def deal(public: Arrays, heldout: Arrays, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """The images that were handed out, mixed and rendered anew: other ones have labels, all are other arrays.

    Where a label belongs to a place, as in what students have, 40,000 fit into 6 kB of code. From the images
    handed out alone, lest many trainings print what is held out by elimination. The examples stay.
    """
    originals, labels = heldout["originals"], heldout["original_labels"]
    order = rng.permutation(len(originals))
    has_label = _rank(labels[order]) < LABELLED
    labelled, unlabelled = order[has_label], order[~has_label]
    dealt = {
        "images": render(originals[labelled], rng),
        "labels": labels[labelled],
        "unlabelled": render(originals[unlabelled], rng),
    }
    return {**public, **dealt}, heldout


def as_input(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """(n, 28, 28) uint8 → (n, 1, 28, 28) float32 in [0, 1]: what a classifier is asked with."""
    return np.asarray(images[:, np.newaxis] / np.float32(255), np.float32)


def perturb(images: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Each image moved by one pixel to one of the eight sides, plus N(0, 0.03²), clipped to [0, 1].

    images: (n, 1, 28, 28) float32; what leaves on one side doesn't come back on the other. Items are drawn
    one after the other: a longer stack begins with the same perturbations.
    """
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    perturbed = np.empty_like(images)
    height, width = images.shape[2:]
    for index, image in enumerate(padded):
        side = rng.choice([0, 1, 2, 3, 5, 6, 7, 8])  # of the 3×3 places; 4 is where the image was
        top, left = divmod(int(side), 3)
        noise = NOISE * rng.standard_normal(images.shape[1:], dtype=np.float32)
        perturbed[index] = image[:, top : top + height, left : left + width] + noise
    return perturbed.clip(0, 1, out=perturbed)


def _hand_out(
    labels: npt.NDArray[np.int64], rest: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], ...]:
    """Of the shuffled indices `rest`, those of labelled images, of examples and of images without label.

    The first two parts are balanced and mixed; the third has about as many of each class.
    """
    rank = _rank(labels[rest])
    labelled = rest[rank < LABELLED]
    examples = rest[(rank >= LABELLED) & (rank < LABELLED + EXAMPLES)]
    return labelled, examples, rest[rank >= LABELLED + EXAMPLES][:UNLABELLED]


def _rank(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each one's place among those of its class, (n,)."""
    rank = np.empty(len(labels), np.int64)
    for label in range(CLASSES):
        of_class = labels == label
        rank[of_class] = np.arange(of_class.sum())
    return rank


def _rendered(clothes: Images, chosen: npt.NDArray[np.int64], seed: int, part: str) -> npt.NDArray[np.uint8]:
    return render(clothes.images[chosen], stream(seed, f"cnn: renderings of the {part}"))
