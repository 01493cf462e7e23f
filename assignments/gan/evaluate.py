"""How a generator is asked and scored: images from the grader's z, compared as a set with real ones.

The student's code sees z and nothing else. Features, distances and the search for copies are the grader's.
"""

import numpy as np
import numpy.typing as npt

from grader.errors import BadSubmission, Reason
from grader.questions import Question, ask, ask_twice, check_function
from grader.scoring.copies import CopySearch, distance_within
from grader.scoring.features import Weights, features, shipped
from grader.scoring.generation import (
    PerItem,
    fid,
    fid_and_half_width,
    kid,
    kid_and_half_width,
    overlap,
    standardise,
)
from grader.scoring.statistics import bootstrap_half_width
from grader.spec import Arrays, Estimate, Picture, Preview, Scores, Session, Student

from . import spacing
from .data import PREFIX

GENERATE = Question("generate", answer=(1, 28, 28), low=0.0, high=1.0, latent=True)
FEWEST_DISTINCT = 0.99  # of the images: distinct z must give distinct ones
# Not distinct: nearer to another generated image, by `distance_within`. Measured on 5,000: real images .002
# and GANs 0; a table of 2,650 pictures with noise of up to 20 grey values .47, each turned by up to
# 4° and moved by parts of a pixel .15. A table needs 500,000 not to.
ALIKE = 0.12
# Both of the public board's real images. Measured: a Gaussian .08 and .14, noise .001 and 0, ten good images
# over and over .02 and 0.
SMALLEST_COVERAGE, SMALLEST_RECALL = 0.02, 0.01
# Nearer to a real image than so much of that one's distance to any other, by pixels or by tangents: a copy.
NOVEL = np.array([[0.6], [0.5]])
MOST_COPIED = 0.03  # of the images: of real ones that the search had not seen it was .013

ERRORS, MARGIN = 4.0, 0.01  # standard errors, and what an honest network may remember

COMPARED = 2_000  # real images that the check compares with
ROWS, COLUMNS, WALKS = 4, 8, 2  # of the pictures

Images = npt.NDArray[np.uint8]


# ---------------------------------------------------------------- the public check


def check(session: Session, public: Arrays) -> Preview:
    """Generate from the public z, one alone and all together; their distance from real ones, and pictures.

    public: z (n, 256) float32; images (N, 28, 28) uint8. Raises BadSubmission.
    """
    z, extractor = public["z"], shipped()
    generated = quantised(check_function(session, GENERATE, z))
    _refuse_repeats(generated)
    real = features(public["images"][:COMPARED], extractor)
    ours, theirs = standardise(features(generated, extractor), real), standardise(real, real)
    return Preview(
        {"kid": kid(ours, theirs), "fid": fid(ours, theirs)}, (_samples(generated), _walk(session, z))
    )


def _samples(generated: Images) -> Picture:
    pixels = generated[: ROWS * COLUMNS].reshape(ROWS, COLUMNS, *generated.shape[1:]) / 255
    return Picture("generated", ("generated",) * ROWS, pixels)


def _walk(session: Session, z: npt.NDArray[np.float32]) -> Picture:
    """From one z to another along an arc, on which all are as likely as a random z."""
    angles = np.linspace(0, np.pi / 2, COLUMNS, dtype=np.float32)[:, np.newaxis]
    rows = [
        ask(session, GENERATE, z[2 * i] * np.cos(angles) + z[2 * i + 1] * np.sin(angles))[:, 0]
        for i in range(WALKS)
    ]
    return Picture("walk", ("a walk from one z to another",) * WALKS, np.stack(rows))


# ---------------------------------------------------------------- held-out z


def evaluate(student: Student, heldout: Arrays, rng: np.random.Generator) -> Scores:
    """Ask for an image of every z, about some twice; both boards' distances from real images.

    heldout: see `data.prepare`. Raises BadSubmission: for a model that is no function of z, has collapsed or
    copies.
    """
    return scored(quantised(ask_twice(student, GENERATE, heldout["z"], rng)), heldout)


def scored(generated: Images, heldout: Arrays) -> Scores:
    """What (n, 28, 28) images are worth. Raises BadSubmission where they are too alike, or copies."""
    _refuse_repeats(generated)
    public = _figures(generated, shipped(), heldout["seen_public"])
    if public["coverage"].value < SMALLEST_COVERAGE or public["recall"].value < SMALLEST_RECALL:
        raise collapsed("next to none of the real images have a generated one in reach")
    copied = _copied(generated, heldout["real"], heldout["handed_out"])
    own = {name.removeprefix(PREFIX): array for name, array in heldout.items() if name.startswith(PREFIX)}
    private = _figures(generated, own, heldout["seen_private"])
    return Scores(public=public | copied, private=private | copied)


def quantised(answers: npt.NDArray[np.float32]) -> Images:
    """(n, 1, 28, 28) in [0, 1] → (n, 28, 28): 256 grey values, as real images have."""
    return np.asarray(np.rint(answers[:, 0] * 255), np.uint8)


# ---------------------------------------------------------------- what a set of images must have


def collapsed(what: str) -> BadSubmission:
    """The text is fixed: it carries nothing of the z or of the images."""
    return BadSubmission(
        Reason.COLLAPSED,
        what,
        expected=f"at least {FEWEST_DISTINCT:.0%} of the images distinct, a coverage of at least "
        f"{SMALLEST_COVERAGE:.0%} and a recall of at least {SMALLEST_RECALL:.0%}",
        next_step="look at the pictures of the check: if they are all alike, the generator has collapsed; "
        "give the discriminator less of a lead (a penalty on its slope, a lower rate), or each class its "
        "share of z; if they are noise, it has not learnt yet",
    )


def _refuse_repeats(generated: Images) -> None:
    if np.mean(distance_within(generated) >= ALIKE) < FEWEST_DISTINCT:
        raise collapsed("different z gave the same image, or nearly the same")


def _copied(generated: Images, real: Images, handed_out: npt.NDArray[np.bool_]) -> dict[str, Estimate]:
    """Shares of images: so near to a real one that they are copies; nearest to one that was handed out.

    However copies are disguised, what they are nearest to is more often handed out than chance would have it.
    """
    found = CopySearch(real).search(generated, spacing.shipped())
    copies = np.any(found.novelty < NOVEL, axis=0).astype(np.float64)
    if copies.mean() > MOST_COPIED:
        raise _copies("too many of the generated images are copies of published ones")
    familiar = handed_out[found.index].astype(np.float64)  # (2, n)
    if familiar.mean(axis=1).max() > most_familiar(len(generated), handed_out.mean()):
        raise _copies("too many of the generated images are nearest to one that was handed out")
    return {"copied": _mean(copies), "familiar": _mean(familiar[familiar.mean(axis=1).argmax()])}


def most_familiar(n: int, share: float) -> float:
    """What of n images may be nearest to one handed out, where so large a `share` of all real ones is."""
    return float(share + MARGIN + ERRORS * np.sqrt(share * (1 - share) / n))


def _copies(what: str) -> BadSubmission:
    return BadSubmission(
        Reason.COPIED,
        what,
        expected=f"at most {MOST_COPIED:.0%} much nearer to a real image than that one is to the nearest "
        "other real image, however it was mirrored, moved, brightened, or turned a little; and images that "
        "are no nearer to those handed out than to other real ones",
        next_step="generate images from z; a network that was trained on the images may not repeat them. "
        "If yours learnt them by heart: fewer weights, or more images to train on",
    )


# ---------------------------------------------------------------- figures of one board


def _figures(generated: Images, extractor: Weights, seen: npt.NDArray[np.float32]) -> dict[str, Estimate]:
    """All but the copies, by name, in units of the real images' features as this extractor sees them."""
    unit = seen.astype(np.float64)
    ours, real = standardise(features(generated, extractor), unit), standardise(unit, unit)
    near = overlap(ours, real[: len(ours)])
    return {
        "kid": Estimate(*kid_and_half_width(ours, real)),
        "fid": Estimate(*fid_and_half_width(ours, real, _generator())),
        "precision": _mean(near.precision),
        "recall": _mean(near.recall),
        "density": _mean(near.density),
        "coverage": _mean(near.coverage),
    }


def _mean(values: PerItem) -> Estimate:
    return Estimate(float(values.mean()), bootstrap_half_width(values, _generator()))


def _generator() -> np.random.Generator:
    """Always the same: equal images get equal intervals."""
    return np.random.default_rng(0)
