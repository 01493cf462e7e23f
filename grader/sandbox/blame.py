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
from grader.spec import readable

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
    Reason.MEMORY: "the submission asked for more memory than it has while {doing}",
    Reason.CRASHED: "the submission's process ended before it answered",
    Reason.TRAIN_MISSING: "the submission has no function train in train.py",
    Reason.TRAIN_RAISED: "train() raised an error",
}


@dataclass(frozen=True)
class Question:
    """What was asked: the words that fixed texts may use."""

    method: str = "load"
    outputs: Sequence[TensorSpec] = ()
    batch: int = 0  # counted from 1 for each method; 0 while loading

    @property
    def doing(self) -> str:
        if self.method in ("train", "cell"):
            return {"train": "training", "cell": "running a cell"}[self.method]
        return f"calling {self.method} on batch {self.batch}" if self.batch else "loading"

    @property
    def expected(self) -> str:
        if self.method == "train":
            return "train() returns, or goes on, without an error"
        if self.method == "cell":
            return "the notebook's process lives on from cell to cell"
        return ", ".join(f"{each.dtype} {each.shape}" for each in self.outputs)


def from_reply(failure: Failure, question: Question, *, public: bool) -> BadSubmission:
    """The fault which the runner reports. That the sandbox is at fault is not its to say."""
    reason = Reason(failure.status)
    if not public:
        return _fixed(reason, question)
    what, where, expected, next_step = (neutralise(failure.detail).split(_VISIBLE_SEPARATOR) + [""] * 4)[:4]
    if reason is Reason.MEMORY:
        what += f" while {question.doing}"
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


def out_of_time(seconds: float, question: Question) -> BadSubmission:
    return BadSubmission(
        Reason.TIMEOUT,
        f"killed after {seconds:g} s, limit {seconds:g} s, while {question.doing}",
        expected=f"loading and all answers within {seconds:g} s of wall time",
        next_step="make the model smaller, or answer a whole batch at once instead of item by item",
    )


def nothing_saved(seconds: float, *, cut: bool) -> BadSubmission:
    what = f"the training was cut after {seconds:g} s of processor time" if cut else "train() returned"
    return BadSubmission(
        Reason.NOTHING_SAVED,
        f"{what}, and nothing was saved in out",
        expected="files in the folder out by the time train() returns, or by some call of budget.step before",
        next_step="save to out from time to time, call budget.step(loss) after each step, and return when it "
        "says False",
    )


def out_of_processor_time(seconds: float, question: Question) -> BadSubmission:
    return BadSubmission(
        Reason.TIMEOUT,
        f"killed after {seconds:,.0f} s of processor time, while {question.doing}",
        expected="one thread's work for as long as the wall time allows",
        next_step="start no processes or threads that keep on working",
    )


def out_of_memory(peak: int, limit: int, question: Question) -> BadSubmission:
    """The kernel (or the watchdog) ended a process of the sandbox because all together held too much."""
    return BadSubmission(
        Reason.MEMORY,
        f"killed at {readable(peak)}, limit {readable(limit)}, while {question.doing}",
        expected=f"at most {readable(limit)} in all processes, with files in /tmp and /dev/shm",
        next_step="use a smaller model, split a batch inside the method, start fewer processes",
    )


def machine_out_of_memory(peak: int, limit: int) -> SandboxError:
    return SandboxError(
        "the machine ran out of memory while a submission ran within its limit",
        where=f"the submission held {readable(peak)} of {readable(limit)}",
        expected="as much free memory as all concurrent submissions may use together",
        next_step="grade fewer at a time (`heldout grade --jobs`), or lower the memory limit",
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
    what = FIXED[reason].format(method=question.method, doing=question.doing)
    return BadSubmission(reason, what, expected=question.expected, next_step=CHECK)


_VISIBLE_SEPARATOR = neutralise(SEPARATOR)
