"""A notebook in a sandbox: cell by cell, each under a limit of its own, its outputs capped, never trusted."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

import numpy as np

from grader.errors import BadSubmission, SandboxError
from grader.sandbox import Allowance, Output, Ran, TensorSpec, blame
from grader.sandbox.blame import Question
from grader.sandbox.child import Child
from grader.sandbox.runner.frames import OUTPUT, OUTPUT_KINDS, OUTPUT_MIMES
from grader.sandbox.session import Session
from grader.spec import Limits

REPORT = (TensorSpec("int64", (2,)),)  # state, bytes of outputs
States = Literal["ok", "raised", "timeout", "tampered"]
STATES: tuple[States, ...] = get_args(States)
OUTPUT_BYTES = 1 << 20  # of one cell
FRAMES = 1 << 17  # bytes on top: results, errors, and what says where each begins
MOST_ENTRIES = 1_000
GRACE = 12.0  # seconds for a cell to notice that its time is over


class Notebook(Session):
    """See `grader.sandbox.NotebookSession`."""

    def __init__(self, child: Child, archive: bytes, allowance: Allowance, *, limits: Limits) -> None:
        super().__init__(child, archive, allowance, limits=limits, public=True)

    def _begin(self) -> None:
        """What is unpacked here is ours, and so is the fault if that fails."""
        try:
            self._unpack()
        except BadSubmission as error:
            raise SandboxError(
                "what lies beside a notebook can't be unpacked",
                where=error.what,
                expected="files that an assignment's limits have room for",
                next_step="raise the limits of the assignment, or hand out less",
            ) from error

    def run(self, source: str, *, seconds: float, test: Mapping[str, Any] | None = None) -> Ran:
        question = Question("cell", REPORT)
        head = {"do": "cell", "seconds": seconds, "test": test, "output_bytes": OUTPUT_BYTES}
        [report] = self._ask(head, [source.encode(errors="replace")], question, within=2 * seconds + GRACE)
        state, size = (int(number) for number in np.frombuffer(report, "<i8"))
        if not (0 <= state < len(STATES) and 0 <= size <= OUTPUT_BYTES + FRAMES):
            raise self._broken(blame.garbled())
        if not size:
            return Ran(STATES[state])
        asked = Question("cell", [TensorSpec("uint8", (size,))])
        [packed] = self._ask({"do": "outputs"}, [], asked, within=GRACE)
        try:
            return Ran(STATES[state], tuple(_outputs(bytes(packed))))
        except (ValueError, IndexError) as error:
            raise self._broken(blame.garbled()) from error


def _outputs(packed: bytes) -> Iterator[Output]:
    """Raises ValueError, IndexError: who packed them needn't be who should have."""
    place = count = 0
    while place < len(packed):
        if place + OUTPUT.size > len(packed):
            raise ValueError
        kind, mime, size = OUTPUT.unpack_from(packed, place)
        place += OUTPUT.size
        if place + size > len(packed):
            raise ValueError
        yield Output(OUTPUT_KINDS[kind], OUTPUT_MIMES[mime], packed[place : place + size])
        place += size
        count += 1
        if count > MOST_ENTRIES:
            raise ValueError
