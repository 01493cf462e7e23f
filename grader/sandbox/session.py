"""One submission loaded in one child: the same conversation whatever started the child."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Self

from grader.errors import BadSubmission, SandboxError
from grader.sandbox import Allowance, Tensor, TensorSpec, Usage, blame
from grader.sandbox.blame import Question
from grader.sandbox.child import Child, peak_bytes
from grader.sandbox.wire import Buffer, ChannelClosed, Failure, Garbled, Wire
from grader.spec import Limits

START_SECONDS = (
    300.0  # of ours, for importing torch: a cold disk or a throttled machine is no student's fault
)
CRASH_SECONDS = 0.5  # a dying process closes its channel shortly before its exit code is known
ITEM_BYTES = {"float32": 4, "int64": 8}


@dataclass(frozen=True)
class Boot:
    """The first request: what the runner gives up, and where things lie for it."""

    packages: Sequence[str]  # import paths
    folder: str  # the submission's, to be made
    threads: int
    memory: str  # for messages
    rlimits: Mapping[str, int] = field(default_factory=dict)
    programs: Sequence[bytes] = ()  # seccomp, in the order of loading

    def head(self) -> dict[str, Any]:
        head = asdict(self)
        head["filters"] = [len(program) for program in head.pop("programs")]
        return head


class Session:
    """See `grader.sandbox.SandboxSession`. Lives no longer than the thread that opened it."""

    def __init__(self, child: Child, allowance: Allowance, *, limits: Limits, public: bool) -> None:
        self._child = child
        self._allowance = allowance
        self._limits = limits
        self._public = public
        self._wire = Wire(child.channel)
        self._log = child.log
        self._wall = 0.0
        self._pid = 0
        self._peak = 0
        self._open = True
        self._load: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        self._load()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def loading(self, boot: Boot, archive: bytes) -> Self:
        """What entering the context will do: so that log and usage outlive a submission that doesn't load."""
        self._load = partial(self._begin, boot, archive)
        return self

    def _begin(self, boot: Boot, archive: bytes) -> None:
        """Confine, import torch, load the submission; closed again if any of it fails."""
        try:
            self._start(boot)
            caps = {"files": self._limits.unpacked_files, "unpacked_bytes": self._limits.unpacked_bytes}
            self._ask(caps, [archive], Question())
            self._ask({}, [], Question())
        except BaseException:
            self.close()
            raise

    def call(self, method: str, inputs: Sequence[Tensor], outputs: Sequence[TensorSpec]) -> list[bytearray]:
        request = {
            "method": method,
            "inputs": [asdict(each.spec) | {"bytes": _size(each.spec)} for each in inputs],
            "outputs": [asdict(each) for each in outputs],
        }
        return self._ask(request, [each.data for each in inputs], Question(method, outputs))

    def close(self) -> None:
        """Kill it and wait until nothing of it is left."""
        self._open = False
        self._peak = max(self._peak, peak_bytes(self._pid))
        self._wire.close()
        self._child.end()
        self._log.finish(CRASH_SECONDS)

    @property
    def log(self) -> str:
        return self._log.text if self._public else ""

    @property
    def usage(self) -> Usage:
        ending = self._child.ending
        return Usage(self._wall, ending.cpu_seconds if ending else 0.0, self._peak)

    def _start(self, boot: Boot) -> None:
        """Nothing of the student is inside yet: whatever fails is ours."""
        deadline = self._wire.clock.now() + START_SECONDS
        try:
            self._wire.send(boot.head(), boot.programs, deadline)
            self._pid = self._child.runner()
            self._wire.receive([], deadline)
        except (TimeoutError, ChannelClosed, Garbled) as error:
            self._child.end()
            self._log.finish(CRASH_SECONDS)
            raise blame.not_started(self._log.text) from error
        self._log.restart(keep=self._public)

    def _ask(self, head: Mapping[str, Any], body: Sequence[Buffer], question: Question) -> list[bytearray]:
        """One exchange on the student's time: the allowance is charged by the wire's fairer clock."""
        if not self._open:
            raise SandboxError("the sandbox session is closed", where=question.method)
        clock, wall = self._wire.clock, time.monotonic()
        started = clock.now()
        try:
            return self._exchange(head, body, question, started + self._allowance.left)
        finally:
            self._wall += time.monotonic() - wall
            self._allowance.spent += clock.now() - started

    def _exchange(
        self, head: Mapping[str, Any], body: Sequence[Buffer], question: Question, deadline: float
    ) -> list[bytearray]:
        sizes = [_size(spec) for spec in question.outputs]
        try:
            self._wire.send(head, body, deadline)
            reply = self._wire.receive(sizes, deadline)
        except TimeoutError as error:
            raise self._broken(self._allowance.exhausted()) from error
        except ChannelClosed as error:
            ending = self._child.end(grace=CRASH_SECONDS)
            raise self._broken(blame.crashed(ending, question, public=self._public)) from error
        except Garbled as error:
            raise self._broken(blame.garbled()) from error
        if isinstance(reply, Failure):
            raise blame.from_reply(reply, question, public=self._public)
        self._peak = max(self._peak, peak_bytes(self._pid))
        return reply

    def _broken(self, error: BadSubmission) -> BadSubmission:
        """No further question can be asked after `error`."""
        self.close()
        return error


def _size(spec: TensorSpec) -> int:
    size = ITEM_BYTES[spec.dtype]
    for length in spec.shape:
        size *= length
    return size
