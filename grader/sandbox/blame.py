"""Turns what came from inside into the error that a person reads.

With held-out inputs inside, the child chooses one of a few reasons and nothing else: every text is fixed
here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.errors import BadSubmission, Reason, SandboxError
from grader.sandbox import TensorSpec
from grader.sandbox.child import Ending, how_it_ended
from grader.sandbox.log import neutralise
from grader.sandbox.runner.frames import SEPARATOR
from grader.sandbox.wire import Failure

CHECK = "run `heldout check`: on public examples it shows the whole error"
FIXED = {
    Reason.BAD_ARCHIVE: "the archive could not be unpacked",
    Reason.NO_MODEL: "the submission has no model.py at its root",
    Reason.SYNTAX_ERROR: "model.py is not valid Python",
    Reason.IMPORT_MISSING: "the submission imports a module that the runtime does not have",
    Reason.LOAD_MISSING: "model.py defines no function load",
    Reason.LOAD_RAISED: "loading the submission raised an error",
    Reason.METHOD_MISSING: "what load() returned has no method {method}",
    Reason.RAISED: "{method} raised an error on held-out inputs",
    Reason.WRONG_TYPE: "{method} returned something other than the expected tensors on held-out inputs",
    Reason.WRONG_SHAPE: "{method} returned a tensor of the wrong shape on held-out inputs",
    Reason.MEMORY: "the submission asked for more memory than it has",
    Reason.CRASHED: "the submission's process ended before it answered",
}


@dataclass(frozen=True)
class Question:
    """What was asked: the words that fixed texts may use."""

    method: str = "load"
    outputs: Sequence[TensorSpec] = ()

    @property
    def expected(self) -> str:
        return ", ".join(f"{each.dtype} {each.shape}" for each in self.outputs)


def from_reply(failure: Failure, question: Question, *, public: bool) -> BadSubmission:
    """The fault which the runner reports. That the sandbox is at fault is not its to say."""
    reason = Reason(failure.status)
    if not public:
        return _fixed(reason, question)
    what, where, expected, next_step = (neutralise(failure.detail).split(_VISIBLE_SEPARATOR) + [""] * 4)[:4]
    return BadSubmission(
        reason, what, where=where, expected=expected or question.expected, next_step=next_step
    )


def crashed(ending: Ending, question: Question, *, public: bool) -> BadSubmission:
    if not public:
        return _fixed(Reason.CRASHED, question)
    return BadSubmission(
        Reason.CRASHED,
        f"the submission's process ended before it answered: {how_it_ended(ending)}",
        where=question.method,
        expected=f"{question.method} returns",
        next_step="look for exit(), a crash in native code or memory that runs out; the log may say more",
    )


def garbled() -> BadSubmission:
    return BadSubmission(
        Reason.CRASHED,
        "something other than an answer came from the submission's process",
        expected="answers only by return values",
        next_step="don't write to file descriptors that your code did not open",
    )


def not_started(log: str) -> SandboxError:
    return SandboxError(
        "the sandbox did not start",
        where=log.strip()[-2000:],
        expected="a confined Python with torch",
        next_step="run `heldout doctor`",
    )


def _fixed(reason: Reason, question: Question) -> BadSubmission:
    what = FIXED[reason].format(method=question.method)
    return BadSubmission(reason, what, expected=question.expected, next_step=CHECK)


_VISIBLE_SEPARATOR = neutralise(SEPARATOR)
