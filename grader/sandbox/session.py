"""One submission loaded in one child: the same conversation whatever started the child."""

import math
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from grader.errors import HeldoutError, Reason, SandboxError
from grader.sandbox import Allowance, State, Tensor, TensorSpec, Usage, blame
from grader.sandbox.blame import Question
from grader.sandbox.cgroup import Counted
from grader.sandbox.child import Child, Ending, peak_bytes
from grader.sandbox.clock import Timepiece
from grader.sandbox.wire import Buffer, ChannelClosed, Failure, Garbled, Wire
from grader.spec import Limits

START_SECONDS = (
    300.0  # of ours, for importing torch: a cold disk or a throttled machine is no student's fault
)
CRASH_SECONDS = 0.5  # a dying process closes its channel shortly before its exit code is known
ITEM_BYTES = {"float32": 4, "int64": 8, "uint8": 1}


@dataclass(frozen=True)
class Boot:
    """The first request: what the runner gives up, and where things lie for it."""

    packages: Sequence[str]  # import paths
    folder: str  # the submission's, to be made
    threads: int
    memory: str  # for messages
    device: str = "cpu"
    rlimits: Mapping[str, int] = field(default_factory=dict)
    programs: Sequence[bytes] = ()  # seccomp, in the order of loading
    notebooks: bool = False  # a zygote's: whether its forks run notebooks

    def head(self) -> dict[str, Any]:
        head = asdict(self)
        head["filters"] = [len(program) for program in head.pop("programs")]
        return head


def ready(child: Child, boot: Boot) -> Child:
    """Have it confine itself and import torch. Nothing of a student is inside yet: what fails is ours.

    Raises SandboxError, and ends the child then.
    """
    wire = Wire(child.channel)
    deadline = wire.clock.now() + START_SECONDS
    try:
        wire.send(boot.head(), boot.programs, deadline)
        wire.receive([], deadline)
    except (TimeoutError, ChannelClosed, Garbled) as error:
        child.end()
        child.log.finish(CRASH_SECONDS)
        raise blame.not_started(child.log.text) from error
    child.rlimits = boot.rlimits
    return child


class Session:
    """See `grader.sandbox.SandboxSession`. Lives no longer than the thread that opened it."""

    def __init__(
        self,
        child: Child,
        archive: bytes,
        allowance: Allowance,
        *,
        limits: Limits,
        public: bool,
        checkpoint: bytes = b"",
        clock: Timepiece | None = None,
    ) -> None:
        """`child` is confined and ready (see `ready`); it has met no byte of the student's yet."""
        self._child = child
        self._archives = [archive, checkpoint] if checkpoint else [archive]  # unpacked into one folder
        self._allowance = allowance
        self._limits = limits
        self._public = public
        self._wire = Wire(child.channel, clock)
        self._log = child.log
        self._calls: Counter[str] = Counter()
        self._wall = 0.0
        self._peak = 0
        self._killed = ""
        self._doing = ""
        self._open = True

    def __enter__(self) -> Self:
        """Unpack and load the submission; closed again if that fails. `log` and `usage` tell then, too."""
        self._log.restart(keep=self._public)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise
        return self

    def _begin(self) -> None:
        self._unpack()
        self._ask({"do": "load"}, [], Question())

    def _unpack(self) -> None:
        caps = {"files": self._limits.unpacked_files, "unpacked_bytes": self._limits.unpacked_bytes}
        for archive in self._archives:
            self._ask({"do": "unpack", "caps": caps}, [archive], Question())

    def __exit__(self, *exc: object) -> None:
        self.close()

    def call(
        self, method: str, inputs: Sequence[Tensor], outputs: Sequence[TensorSpec], *, state: State = ""
    ) -> list[bytearray]:
        request = {
            "do": "answer",
            "method": method,
            "state": state,
            "inputs": [asdict(each.spec) | {"bytes": size_of(each.spec)} for each in inputs],
            "outputs": [asdict(each) for each in outputs],
        }
        self._calls[method] += 1
        return self._ask(
            request, [each.data for each in inputs], Question(method, outputs, self._calls[method])
        )

    def close(self) -> None:
        """Kill it and wait until nothing of it is left."""
        self._open = False
        self._peak = max(self._peak, peak_bytes(self._child.pid))
        self._wire.close()
        self._child.end()
        self._log.finish(CRASH_SECONDS)

    @property
    def log(self) -> str:
        return self._log.text if self._public else ""

    @property
    def usage(self) -> Usage:
        ending = self._child.ending or Ending(0)
        return Usage(
            wall_seconds=self._wall,
            cpu_seconds=ending.cpu_seconds,
            peak_bytes=ending.peak_bytes or self._peak,
            killed=self._killed,
            doing=self._doing,
            dropped_bytes=self._log.dropped_bytes,
            gpu_seconds=self._wall if self._limits.gpu else 0.0,
        )

    def _ask(
        self,
        head: Mapping[str, Any],
        body: Sequence[Buffer],
        question: Question,
        *,
        within: float = math.inf,
    ) -> list[bytearray]:
        """One exchange on the student's time: the allowance is charged by the wire's fairer clock.

        `within`: seconds for this one alone, where that is less.
        """
        if not self._open:
            raise SandboxError("the sandbox session is closed", where=question.method)
        clock, wall = self._wire.clock, time.monotonic()
        started = clock.now()
        try:
            return self._exchange(head, body, question, started + min(self._allowance.left, within))
        finally:
            self._wall += time.monotonic() - wall
            self._allowance.spent += clock.now() - started

    def _exchange(
        self, head: Mapping[str, Any], body: Sequence[Buffer], question: Question, deadline: float
    ) -> list[bytearray]:
        sizes = [size_of(spec) for spec in question.outputs]
        try:
            self._wire.send(head, body, deadline)
            reply = self._wire.receive(sizes, deadline)
        except TimeoutError as error:
            self._met("wall time", question)
            raise self._broken(blame.out_of_time(self._allowance.limit, question)) from error
        except ChannelClosed as error:
            self._child.end(grace=CRASH_SECONDS)
            raise self._broken(self._ended(question)) from error
        except Garbled as error:
            raise self._broken(blame.garbled()) from error
        self._peak = max(self._peak, peak_bytes(self._child.pid))
        if isinstance(reply, Failure):
            raise self._failed(reply, question)
        return reply

    def _failed(self, reply: Failure, question: Question) -> HeldoutError:
        """What the runner tells; unless a process that it lost to the memory limit is the likely cause."""
        counted = self._child.meter.counted() if self._child.meter else None
        if counted and counted.oom_kills:
            return self._broken(self._out_of_memory(counted, question))
        if reply.status == Reason.MEMORY:
            self._met("memory", question)
        return blame.from_reply(reply, question, public=self._public)

    def _ended(self, question: Question) -> HeldoutError:
        """Why the process is no more: a limit that killed it, or its own doing."""
        ending = self._child.end()
        if ending.oom_kills:
            return self._out_of_memory(ending, question)
        if ending.code == 128 + signal.SIGKILL and ending.cpu_seconds >= self._child.rlimits.get(
            "CPU", math.inf
        ):
            self._met("processor time", question)
            return blame.out_of_processor_time(ending.cpu_seconds, question)
        return blame.crashed(ending, question, public=self._public)

    def _out_of_memory(self, found: Counted | Ending, question: Question) -> HeldoutError:
        """Its own limit's doing, or the machine's: then the group was killed before it was full."""
        limit = self._limits.memory_bytes
        if not found.full:
            return blame.machine_out_of_memory(found.peak_bytes or self._peak, limit)
        self._met("memory", question)
        return blame.out_of_memory(found.peak_bytes or limit, limit, question)

    def _met(self, limit: str, question: Question) -> None:
        self._killed, self._doing = limit, question.doing

    def _broken(self, error: HeldoutError) -> HeldoutError:
        """No further question can be asked after `error`."""
        self.close()
        return error


def size_of(spec: TensorSpec) -> int:
    """Bytes."""
    size = ITEM_BYTES[spec.dtype]
    for length in spec.shape:
        size *= length
    return size
