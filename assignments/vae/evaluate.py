"""How a variational autoencoder is asked and scored: a lower bound that holds whatever the model does.

The encoder's sandbox sees the images and is ended before any noise is drawn. The decoders' sandboxes see one
latent vector of each image, and never an image.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from grader.errors import BadSubmission, Reason
from grader.questions import agree, each_once, latent_size, not_a_function
from grader.scoring.elbo import binarisation_entropy, elbo
from grader.spec import Arrays, Picture, Preview, Scores, Session, Student

LOG_STD = (-10.0, 3.0)
MEAN = (-100.0, 100.0)
LOGIT = (-15.0, 15.0)
SHOWN = 8
Floats = npt.NDArray[np.float32]


def check(session: Session, public: Arrays) -> Preview:
    """Encode and decode the public examples: their mean bound, reconstructions and samples from the prior.

    public: binary (n, 1, 28, 28) float32. Raises BadSubmission.
    """
    x, rng = public["binary"], np.random.default_rng(0)
    size = latent_size(session)
    alone, together = encode(session, x[:1], size), encode(session, x, size)
    if not all(agree(one, many[:1]) for one, many in zip(alone, together, strict=True)):
        raise not_a_function("encode")
    mean, log_std = together
    z = draw(mean, log_std, rng)
    logits = decode(session, z)
    if not agree(decode(session, z[:1]), logits[:1]):
        raise not_a_function("decode")
    prior = rng.standard_normal((SHOWN, size), np.float32)
    walk = prior[:1] + (prior[1:2] - prior[:1]) * np.linspace(0, 1, SHOWN, dtype=np.float32)[:, np.newaxis]
    rows = [x[:SHOWN, 0], *(sigmoid(decode(session, each))[:, 0] for each in (mean[:SHOWN], prior, walk))]
    names = ("binarised", "reconstructed", "samples of the prior", "a walk between two")
    bound = float(elbo(x, logits, z, mean, log_std).mean())
    return Preview({"elbo": bound}, (Picture("examples", names, np.stack(rows)),))


def evaluate(student: Student, heldout: Arrays, rng: np.random.Generator) -> Scores:
    """The bound of each held-out image, (n,) float32. Raises BadSubmission.

    heldout: binary (n, 1, 28, 28) float32, grey (n, 28, 28) uint8. Raises ArithmeticError, a fault of ours,
    when the mean bound is above what any honest model can have: then the protocol has a hole.
    """
    x = heldout["binary"]
    mean, log_std = _encoded(student, x, rng)
    z = draw(mean, log_std, rng)  # only now: the encoder's process is gone
    first = _decoded(student, z, rng, "first decoder", before=len(x))
    second = _decoded(student, z, rng, "second decoder", before=2 * len(x))
    if not agree(first, second):
        raise not_a_function("decode")
    bound = elbo(x, first, z, mean, log_std)
    _alarm(bound, heldout["grey"])
    return Scores({"elbo": bound.astype(np.float32)})


def encode(session: Session, x: npt.NDArray[Any], size: int) -> tuple[Floats, Floats]:
    """mean and log_std, each (B, size), clamped."""
    shape = (len(x), size)
    mean, log_std = session.ask_all("encode", x, shapes=(shape, shape))
    return mean.clip(*MEAN), log_std.clip(*LOG_STD)


def decode(session: Session, z: Floats) -> Floats:
    """Logits (B, 1, 28, 28), clamped."""
    return session.ask("decode", z, shape=(len(z), 1, 28, 28)).clip(*LOGIT)


def draw(mean: Floats, log_std: Floats, rng: np.random.Generator) -> Floats:
    """z = mean + std·ε, rounded to float32: q is evaluated at what the decoder is given."""
    return (mean + np.exp(log_std) * rng.standard_normal(mean.shape, np.float32)).astype(np.float32)


def sigmoid(logits: Floats) -> Floats:
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


def _encoded(student: Student, x: npt.NDArray[Any], rng: np.random.Generator) -> tuple[Floats, Floats]:
    with student.session("encoder") as session:
        size = latent_size(session)
        mean, log_std = np.empty((len(x), size), np.float32), np.empty((len(x), size), np.float32)
        for batch in each_once(student, len(x), rng, before=0, total=3 * len(x)):
            mean[batch], log_std[batch] = encode(session, x[batch], size)
    return mean, log_std


def _decoded(student: Student, z: Floats, rng: np.random.Generator, role: str, *, before: int) -> Floats:
    logits = np.empty((len(z), 1, 28, 28), np.float32)
    with student.session(role) as session:
        if latent_size(session) != z.shape[1]:
            raise BadSubmission(
                Reason.NOT_A_FUNCTION,
                "latent_size differs from one sandbox to the next",
                expected="one number, whoever asks",
                next_step="make it a constant",
            )
        for batch in each_once(student, len(z), rng, before=before, total=3 * len(z)):
            logits[batch] = decode(session, z[batch])
    return logits


def _alarm(bound: npt.NDArray[np.float64], grey: npt.NDArray[np.uint8]) -> None:
    """The pixels' own randomness bounds the mean from above; 5 standard errors are left for luck."""
    highest = -binarisation_entropy(grey / 255.0)
    excess = bound - highest
    if excess.mean() > 5 * excess.std() / np.sqrt(len(excess)):
        raise ArithmeticError("the bound is above the entropy of the binarisation: what was asked leaks")
