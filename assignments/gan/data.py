"""Fashion-MNIST split by the course's secret seed, the z to ask about, an extractor of the course's own."""

from pathlib import Path

import numpy as np

from grader.datasets import HANDED_OUT_CLOTHES, HELDOUT_CLOTHES, fashion_mnist, split_clothes, stream
from grader.questions import LARGEST_LATENT
from grader.scoring.features import features, shipped, train
from grader.spec import Arrays, Prepared

GENERATED = 5_000  # images asked for; FID falls with their number, so it is the same for all
EXAMPLES = 256  # z of the check

# Steps that the course's own extractor is trained for; a small profile takes its share.
STEPS, FEWEST_STEPS = 1_500, 100

PREFIX = "extractor "  # of its weights' names among the held-out arrays


def prepare(source: Path | None, seed: int, n: int) -> Prepared:
    """Draw one course's data from the data set in `source` (None: where `fashion_mnist` finds it).

    Takes one or two minutes at full size: the private board's extractor is trained here.

    public: images (50000, 28, 28) uint8 and their labels (50000,), as published; z (256, 256) float32.
    heldout: z (n, 256) float32; real (70000, 28, 28) uint8, all that is published, with labels (70000,), and
    handed_out (70000,) bool, which of them were; public (10000,) bool, which of the held-out images are the
    public board's; seen_public, seen_private (5000, 64) float32, the features of the two boards' images, each
    by its own extractor; and the private one's weights. The images are not rendered anew: there are no
    answers to look up here, and what is copied from them the search finds best as it is. Raises HeldoutError
    when the data set is missing or damaged.
    """
    data = fashion_mnist(source)
    held, handed_out = split_clothes(seed, HANDED_OUT_CLOTHES)
    images, labels = data.images[handed_out], data.labels[handed_out]
    steps = max(FEWEST_STEPS, STEPS * n // GENERATED)
    own = train(images, labels, seed=int(stream(seed, "gan: extractor").integers(2**31)), steps=steps)
    is_public = np.arange(HELDOUT_CLOTHES) < HELDOUT_CLOTHES // 2  # half of them, half the private board's
    return Prepared(
        public={"images": images, "labels": labels, "z": _normal(seed, "gan: z of the check", EXAMPLES)},
        heldout={
            "z": _normal(seed, "gan: z", n),
            "real": data.images,
            "labels": data.labels,
            "handed_out": np.isin(np.arange(len(data.images)), handed_out),
            "public": is_public,
            "seen_public": features(data.images[held[is_public]], shipped()).astype(np.float32),
            "seen_private": features(data.images[held[~is_public]], own).astype(np.float32),
            **{PREFIX + name: array for name, array in own.items()},
        },
    )


def deal(public: Arrays, heldout: Arrays, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """A random half of the images that were handed out, mixed; to evaluate, these are what was handed out.

    Whoever chose among training images beforehand can't know which of them these are. They are not rendered
    anew: even real images, moved or turned a little, have a KID of .03 to .2.
    """
    handed_out = np.flatnonzero(heldout["handed_out"])
    chosen = rng.permutation(handed_out)[: len(handed_out) // 2]
    images, labels = heldout["real"][chosen], heldout["labels"][chosen]
    mask = np.isin(np.arange(len(heldout["real"])), chosen)
    return {**public, "images": images, "labels": labels}, {**heldout, "handed_out": mask}


def _normal(seed: int, purpose: str, n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return stream(seed, purpose).standard_normal((n, LARGEST_LATENT), dtype=np.float32)
