"""Asking a student's model about held-out items so that only a function of the single item scores.

Items arrive in a random order in batches of random sizes. Some are asked again later on, some of a second
fresh session in other batches; where two answers about one item differ, the submission is not a function.
All randomness comes from the generator that is handed in: the run seed, drawn after the submission was
frozen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.errors import BadSubmission, Reason
from grader.spec import Array, Session, Student

Indices = npt.NDArray[np.int64]
Answers = npt.NDArray[np.float32]

# Sizes of batches, drawn at random. Few different ones: for each that it meets, oneDNN compiles and keeps
# programs (a small U-Net held 1.6 GB of data after 24 batches of sizes 32…256, 0.9 GB with these three).
BATCH = (32, 128, 256)
TWIN_BATCH = (1, 8, 64)  # the second session is asked in smaller ones
AGAIN = 40  # one item in 40 is asked again of the first session…
TWINS = 10  # …and one in 10 of the second,
AT_LEAST = 16  # but never fewer than this, where there are so many
LARGEST_LATENT = 256  # numbers of one z
TOLERANCE = 1e-3  # |a − b| ≤ TOLERANCE + TOLERANCE·|a|, in units of the answers


@dataclass(frozen=True)
class Question:
    """What to ask: `method` answers an array (B, …) with one of (B, *answer), clamped to low…high.

    latent: inputs are z (B, LARGEST_LATENT), of which a model is given as many numbers as it has asked for.
    """

    method: str
    answer: tuple[int, ...]
    low: float
    high: float
    latent: bool = False


def ask(session: Session, question: Question, inputs: Array) -> Answers:
    """Ask about one batch, inputs (B, …). Raises BadSubmission when the session does."""
    if question.latent:
        inputs = inputs[:, : latent_size(session)]
    answers = session.ask(question.method, inputs, shape=(len(inputs), *question.answer))
    return np.clip(answers, question.low, question.high)


def ask_if_offered(session: Session, method: str, *inputs: Array, shape: tuple[int, ...]) -> Answers | None:
    """The answer, or None where the model has no such method: what a model may offer, and needn't.

    Raises BadSubmission when the method is there and fails.
    """
    try:
        return session.ask(method, *inputs, shape=shape)
    except BadSubmission as error:
        if error.reason is Reason.METHOD_MISSING:
            return None
        raise


def latent_size(session: Session) -> int:
    """D, of how many numbers a z of this model is. Raises BadSubmission when it is no whole one in range.

    The text is fixed, since held-out sessions are asked too: nothing of the number that the model chose.
    """
    size = float(session.ask("latent_size", shape=(1,))[0])
    if size not in range(1, LARGEST_LATENT + 1):
        raise BadSubmission(
            Reason.WRONG_SHAPE,
            "latent_size is no whole number in range",
            expected=f"1 to {LARGEST_LATENT}",
            next_step="return D, of how many random numbers z is",
        )
    return int(size)


def ask_twice(
    student: Student, question: Question, inputs: Array, rng: np.random.Generator, *, to_come: int = 0
) -> Answers:
    """Each item's answer, (n, *question.answer), clamped, in the order of `inputs` (n, …).

    to_come: how many items will be asked about afterwards, for whoever waits. Raises
    BadSubmission(NOT_A_FUNCTION) when an item that was asked twice got two answers.
    """
    n = len(inputs)
    first = sequence(n, rng)
    second = rng.choice(n, size=some(n, TWINS), replace=False)
    total = asked_twice(n) + to_come
    answers = np.full((n, *question.answer), np.nan, np.float32)
    done = 0
    for role, order, sizes in (("first", first, BATCH), ("second", second, TWIN_BATCH)):
        with student.session(role) as session:
            for batch in batches(order, rng, sizes=sizes):
                if not _consistent(answers, batch, ask(session, question, inputs[batch])):
                    raise not_a_function(question.method)
                done += len(batch)
                student.progress(done, total)
    return answers


def some(n: int, share: int, at_least: int = AT_LEAST) -> int:
    """How many of n are one in `share`, but never fewer than `at_least`, where there are so many."""
    return max(n // share, min(n, at_least))


def asked_twice(n: int) -> int:
    """How many items `ask_twice` asks about where there are n of them, repeats and twins included."""
    return n + some(n, AGAIN) + some(n, TWINS)


def each_once(
    student: Student, n: int, rng: np.random.Generator, *, before: int, total: int
) -> Iterator[Indices]:
    """Items 0…n−1 in a random order, each once, in batches of random sizes.

    Whoever waits is told when a batch is done: of `total` items to be asked about in all, `before` were
    asked about before these.
    """
    done = before
    for batch in batches(rng.permutation(n), rng, sizes=BATCH):
        yield batch
        done += len(batch)
        student.progress(done, total)


def sequence(n: int, rng: np.random.Generator) -> Indices:
    """Items 0…n−1 in a random order, some of them a second time at a random place further on."""
    time = rng.random(n)
    again = rng.choice(n, size=some(n, AGAIN), replace=False)
    later = time[again] + (1 - time[again]) * rng.random(len(again))
    return np.concatenate([np.arange(n), again])[np.argsort(np.concatenate([time, later]), kind="stable")]


def batches(order: Indices, rng: np.random.Generator, *, sizes: tuple[int, ...]) -> Iterator[Indices]:
    """Cut `order` into consecutive batches whose sizes are drawn from `sizes`; the last may be less."""
    start = 0
    while start < len(order):
        stop = start + int(rng.choice(sizes))
        yield order[start:stop]
        start = stop


def agree(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Whether two answers about the same items differ by no more than rounding, TOLERANCE."""
    return bool(np.all(np.abs(one - other) <= TOLERANCE + TOLERANCE * np.abs(one)))


def not_a_function(
    method: str,
    *,
    when: str = "the same item was asked again",
    expected: str = "an answer that depends on the single item and the weights alone, whatever else is in "
    "the batch, whatever was asked before",
    next_step: str = "call .eval() on the network in load() (dropout and batch statistics are the usual "
    "cause); keep nothing between calls; draw no random numbers, or seed them from the item itself",
) -> BadSubmission:
    """Two answers of `method` about one item. The text is fixed: nothing of the items or of the answers."""
    return BadSubmission(
        Reason.NOT_A_FUNCTION,
        f"{method} answered differently when {when}",
        expected=f"{expected}: equal to {TOLERANCE:g} + {TOLERANCE:g}·|a|",
        next_step=next_step,
    )


def check_function(session: Session, question: Question, inputs: Array) -> Answers:
    """The check on public examples: one item alone, then all at once; answers (n, *question.answer), clamped.

    Raises BadSubmission, with NOT_A_FUNCTION when the first item's two answers differ.
    """
    alone = ask(session, question, inputs[:1])
    answers = ask(session, question, inputs)
    if not agree(alone, answers[:1]):
        raise not_a_function(question.method)
    return answers


def _consistent(answers: Answers, batch: Indices, new: Answers) -> bool:
    """Write the first answer about each item into `answers` (NaN: none yet); compare the later ones."""
    unseen = np.isnan(answers[batch].reshape(len(batch), -1)[:, 0])
    answers[batch[unseen]] = new[unseen]
    return agree(answers[batch], new)
