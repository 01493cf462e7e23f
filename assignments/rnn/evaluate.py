"""How a language model is asked and scored: character by character, each shown when it has been predicted.

All streams go side by side. At step t the grader sends the t-th character of each, receives the logits of
the next, and only then reveals it. Some streams are told to a second fresh session, in other company.
"""

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from grader.errors import BadSubmission
from grader.questions import agree, not_a_function, some
from grader.scoring.text import bits_per_character, block_means, code_length, log_probabilities
from grader.spec import Arrays, Preview, Scores, Session, Student

from .data import CONTEXT, ITEM

TWINS = 8  # one stream in 8 is told again,
AT_LEAST = 8  # but never fewer than this, where there are so many
TELL_EVERY = 50  # steps, to whoever waits
FIRST_SCORED = CONTEXT - 1  # the step that predicts the first character after the context
WRITES = "what it writes after │"
PROMPTS, WRITTEN = 3, 200  # examples that it goes on from by itself, and for how many characters

Logits = npt.NDArray[np.float32]
Streams = npt.NDArray[np.uint8]


def converse(session: Session, streams: Streams, symbols: int) -> Iterator[Logits]:
    """Tell it streams (B, T) side by side; at each of T − 1 steps yield the logits (B, V) of the next column.

    A column is sent after the logits about it have come, never before. Raises BadSubmission when the
    session does.
    """
    session.start(len(streams))
    for column in streams.T[:-1].astype(np.int64):
        yield session.step(column, shape=(len(streams), symbols))


def check(session: Session, public: Arrays) -> Preview:
    """Tell it the first example alone, then all together; bits a character of these, and what it writes.

    public: examples (n, 650) uint8, symbols (V,) int32, their code points. Raises BadSubmission.
    """
    examples, symbols = public["examples"], len(public["symbols"])
    alone = list(converse(session, examples[:1, : CONTEXT + ITEM], symbols))
    lengths = []
    for step, logits in enumerate(converse(session, examples, symbols)):
        if step < len(alone) and not _agree(alone[step], logits[:1]):
            raise _no_function()
        lengths.append(code_length(logits, examples[:, step + 1]))
    bits = bits_per_character(np.stack(lengths, axis=1), context=FIRST_SCORED)
    prompts = examples[:PROMPTS, :CONTEXT]
    written = go_on(session, prompts, symbols)
    passages = [
        f"{_whole_words(_spell(prompt, public))}│{_spell(text, public)}"
        for prompt, text in zip(prompts, written, strict=True)
    ]
    return Preview({"bits": bits}, texts={WRITES: "\n\n".join(passages)})


def go_on(session: Session, prompts: Streams, symbols: int) -> Streams:
    """What it writes after prompts (B, T), each character drawn from what it predicts: (B, 200) uint8.

    The seed is fixed: one model always writes the same. The grader draws, the model only predicts.
    """
    rng = np.random.default_rng(0)
    session.start(len(prompts))
    for column in prompts.T.astype(np.int64):
        logits = session.step(column, shape=(len(prompts), symbols))
    written = []
    for _ in range(WRITTEN):
        # The largest of logits with Gumbel noise is a draw from their softmax (Gumbel 1954).
        written.append((logits + rng.gumbel(size=logits.shape)).argmax(axis=1))
        logits = session.step(written[-1], shape=logits.shape)
    return np.stack(written, axis=1).astype(np.uint8)


def evaluate(student: Student, heldout: Arrays, rng: np.random.Generator) -> Scores:
    """Tell it every held-out stream, some of them twice; bits a character of each item, (n,) float32.

    heldout: streams (s, 50 + 200·k) uint8, symbols (V,), public (n,) with n ≤ k·s. An item is 200 characters
    of a stream. Raises BadSubmission, with NOT_A_FUNCTION when a stream that was told twice got two answers.
    """
    streams, symbols = heldout["streams"], len(heldout["symbols"])
    steps = streams.shape[1] - 1
    order = rng.permutation(len(streams))
    twins = rng.choice(
        len(streams), size=some(len(streams), TWINS, AT_LEAST), replace=False
    )  # places in `order`
    total = steps * (len(order) + len(twins))

    lengths = np.empty((len(streams), steps))
    remembered = np.empty((steps, len(twins), symbols), np.float32)
    with student.session("first") as session:
        for step, logits in enumerate(converse(session, streams[order], symbols)):
            lengths[order, step] = code_length(logits, streams[order, step + 1])
            remembered[step] = logits[twins]
            _tell(student, step, len(order), 0, total)
    with student.session("second") as session:
        for step, logits in enumerate(converse(session, streams[order[twins]], symbols)):
            if not _agree(remembered[step], logits):
                raise _no_function()
            _tell(student, step, len(twins), steps * len(order), total)
    student.progress(total, total)
    items = block_means(lengths[:, FIRST_SCORED:], ITEM)[: len(heldout["public"])]
    return Scores({"bits": (items + charged(student.code_bytes, heldout)).astype(np.float32)})


def charged(code_bytes: int, heldout: Arrays) -> float:
    """Bits a character for what a train run brought along: text that is shipped costs what it saves.

    Spread over the course's own held-out characters: the fewer there are, the more a shipped line would tell.

    The two parts of a code, the model's and the data's (Rissanen 1978); weights of an evaluate run are free.
    """
    return 8 * code_bytes / (ITEM * len(heldout["public"]))


def _agree(one: Logits, other: Logits) -> bool:
    """Whether two answers predict alike: an offset of all logits says nothing and widens no tolerance."""
    return agree(log_probabilities(one), log_probabilities(other))


def _no_function() -> BadSubmission:
    """Two answers after one past."""
    return not_a_function(
        "step",
        when="the same stream was told again beside other streams",
        expected="logits that depend on the weights and on what this one stream has said so far, whatever "
        "else is in the batch, whatever was told before",
        next_step="keep one row of the state for each stream and let no row see another; keep everything in "
        "the state, nothing on the model; call .eval() in load(); draw no random numbers",
    )


def _spell(codes: Streams, public: Arrays) -> str:
    return "".join(chr(public["symbols"][code]) for code in codes)


def _whole_words(prompt: str) -> str:
    """Streams begin anywhere, in the middle of a word, too. The last word stays: the model was to finish it.

    >>> _whole_words("fter these things, in the rei")
    '… these things, in the rei'
    """
    return re.sub(r"^\S*\s+", "… ", prompt)


def _tell(student: Student, step: int, streams: int, before: int, total: int) -> None:
    if step % TELL_EVERY == 0:
        student.progress(before + step * streams, total)
