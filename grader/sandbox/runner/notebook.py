"""A notebook inside: its cells, one after the other, in one IPython. The grader trusts nothing of it."""

import math
import os
import signal
import struct
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import numpy as np

from .frames import OUTPUT, OUTPUT_MIMES
from .guards import Guards

OK, RAISED, OUT_OF_TIME, TAMPERED = range(4)
STDOUT, STDERR, SHOWN, RESULT, ERROR, POINTS = range(6)
MOST_ENTRIES = 500  # of one cell
_exec, _compile, _repr, _pack = exec, compile, repr, struct.Struct("<qq").pack  # whatever is exchanged later
OWN_BYTES = 64 * 1024  # of results and errors, beside what a cell prints
WAITING = 2.0  # times as long as it may work
AGAIN = 5.0  # seconds after which a cell that swallows its end is told once more
INLINE = "module://matplotlib_inline.backend_inline"


class OutOfTime(BaseException):
    """Not an Exception: a cell that tries everything doesn't catch it by chance."""


class Outputs:
    """What a cell printed, showed and raised, up to so many bytes."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, bytearray]] = []
        self.restart(0)

    def restart(self, most: int) -> None:
        self._entries, self._dropped = [], 0
        self._room = {False: most, True: OWN_BYTES}  # what is printed takes no room of what is told

    def add(self, kind: int, data: bytes, mime: int = 0) -> None:
        own = kind >= RESULT
        room = self._room[own] if len(self._entries) < MOST_ENTRIES else 0
        if kind == POINTS:  # whatever was printed before: without it a test gives all that it has
            room = len(data)
        taken = data[:room] if mime == 0 else data if len(data) <= room else b""
        self._dropped += len(data) - len(taken)
        self._room[own] -= len(taken)
        if taken and kind <= STDERR and self._entries and self._entries[-1][0] == kind:
            self._entries[-1][2].extend(taken)
        elif taken:
            self._entries.append((kind, mime, bytearray(taken)))

    def packed(self) -> bytes:
        entries = list(self._entries)
        if self._dropped:
            entries.append((STDERR, 0, bytearray(f"\n[{self._dropped:,} more bytes were not kept]".encode())))
        return b"".join(OUTPUT.pack(kind, mime, len(data)) + data for kind, mime, data in entries)


class Stream:
    """sys.stdout and sys.stderr of a notebook."""

    encoding, errors, closed = "utf-8", "replace", False

    def __init__(self, outputs: Outputs, kind: int) -> None:
        self._outputs, self._kind = outputs, kind

    def write(self, text: str) -> int:
        self._outputs.add(self._kind, str(text).encode(errors="replace"))
        return len(text)

    def writelines(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing waits."""

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def fileno(self) -> int:
        raise OSError("a notebook's output is no file")


class Notebook:
    """One IPython, made for the first cell. `outputs`: those of the last cell, as `Outputs.packed`."""

    def __init__(self) -> None:
        self.outputs = b""
        self._found = Outputs()
        self._shell: Any = None
        self._guards: Guards | None = None

    def run(self, head: dict[str, Any], source: bytes) -> list[memoryview]:
        """Run a cell: how it went, and how many bytes of outputs wait."""
        if self._shell is None:
            self._shell = _shell(self._found)
            self._guards = Guards()
        self._found.restart(head["output_bytes"])
        text, own = source.decode(), os.getpid()
        with self._streams(), _alarm(head["seconds"]) as late:
            state = self._test(text, head["test"]) if head["test"] else self._cell(text)
        if os.getpid() != own:
            os._exit(0)  # a cell forked, and this one has nothing more to do
        self.outputs = self._found.packed()
        return [memoryview(_pack(OUT_OF_TIME if late() else state, len(self.outputs)))]

    def _cell(self, source: str) -> int:
        assert self._guards is not None
        try:
            return OK if self._shell.run_cell(source, store_history=False).success else RAISED
        finally:
            self._guards.restore()  # this process lives on them, too

    def _test(self, source: str, told: dict[str, Any]) -> int:
        """Past IPython, whose ways a student may have changed; and with Python's own as they were."""
        guards, names = self._guards, self._shell.user_ns
        assert guards is not None
        guards.restore()
        if type(names) is not dict:
            return TAMPERED
        try:
            with guards.within(names, told["own"], told["call"]):
                _exec(_compile(told["before"], "<before>", "exec"), names)
                _exec(_compile(source, "<test>", "exec"), names)
            self._give(names.get(told["result"]))
        except OutOfTime:
            return OUT_OF_TIME
        except BaseException as error:  # noqa: BLE001 — a test may raise anything
            self._found.add(ERROR, _described(error).encode(errors="replace"))
            return RAISED
        finally:
            names.pop(told["result"], None)
            guards.restore()  # what a test called may have changed them once more
        return OK

    def _give(self, value: Any) -> None:
        """What a test ended with: a number is a part of the points, and so is what is false."""
        if isinstance(value, (np.generic, np.ndarray)) or type(value).__name__ == "Tensor":
            value = value.item() if getattr(value, "shape", None) == () else None
        if type(value) in (int, float, bool):
            self._found.add(POINTS, _repr(math.inf if value is True else float(value)).encode())

    @contextmanager
    def _streams(self) -> Iterator[None]:
        before = sys.stdout, sys.stderr
        streams: Any = Stream(self._found, STDOUT), Stream(self._found, STDERR)
        sys.stdout, sys.stderr = streams
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


@contextmanager
def _alarm(seconds: float) -> Iterator[Any]:
    """End what has worked for `seconds`, or waited for twice as long, and again while it goes on; what is
    given tells whether it was. On a busy machine work takes longer than its seconds.
    """
    rung = False

    def ring(number: int, frame: FrameType | None) -> None:
        nonlocal rung
        rung = True
        raise OutOfTime(f"the cell was stopped after {seconds:g} s")

    signal.signal(signal.SIGPROF, ring)
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN)
    signal.setitimer(signal.ITIMER_REAL, WAITING * seconds, AGAIN)
    try:
        yield lambda: rung
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _described(error: BaseException) -> str:
    """Of a test: its last line, and where in it."""
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<test>"
    ]
    where = f" (line {lines[0]} of the test)" if lines else ""
    try:
        return "".join(traceback.format_exception_only(error)).strip() + where
    except BaseException:  # noqa: BLE001 — an error's own words are a student's code
        return f"an error that can't be described{where}"


def warm() -> None:
    """Import what cells are run with, so that forks have it."""
    os.environ["MPLBACKEND"] = INLINE
    from IPython.core import interactiveshell  # noqa: F401

    with suppress(ImportError):
        import matplotlib.pyplot  # noqa: F401
        import matplotlib_inline.backend_inline  # noqa: F401


def _shell(found: Outputs) -> Any:
    """An IPython that keeps no history, asks nobody, and tells `found` what it has to tell."""
    os.environ.setdefault("MPLBACKEND", INLINE)
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config

    class Publisher(DisplayPublisher):  # type: ignore[misc,unused-ignore]
        def publish(self, data: dict[str, Any], *args: Any, **kwargs: Any) -> None:
            _show(found, SHOWN, data)

        def clear_output(self, wait: bool = False) -> None:
            """What was shown stays."""

    class Hook(DisplayHook):  # type: ignore[misc,unused-ignore]
        def write_output_prompt(self) -> None:
            """Results aren't numbered."""

        def write_format_data(self, format_dict: dict[str, Any], md_dict: Any = None) -> None:
            _show(found, RESULT, format_dict)

        def finish_displayhook(self) -> None:
            """Nothing waits."""

    class Shell(InteractiveShell):  # type: ignore[misc,unused-ignore]
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)

        def _showtraceback(self, etype: Any, evalue: Any, stb: Sequence[str]) -> None:
            found.add(ERROR, "\n".join(stb).encode(errors="replace"))

        def enable_gui(self, gui: Any = None) -> None:
            """There is none."""

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = Shell.instance(config=config)
    sys.path.append(os.getcwd())  # modules that lie beside the notebook
    _ask_nobody()
    with suppress(ImportError):
        shell.enable_matplotlib("inline")  # type: ignore[no-untyped-call]
    return shell


def _show(found: Outputs, kind: int, data: dict[str, Any]) -> None:
    """The richest form that is kept."""
    for mime in reversed(range(len(OUTPUT_MIMES))):
        value = data.get(OUTPUT_MIMES[mime])
        if isinstance(value, bytes) and mime == 1:
            found.add(kind, value, mime)
            return
        if isinstance(value, str) and mime == 1:
            import base64

            found.add(kind, base64.b64decode(value), mime)
            return
        if isinstance(value, str):
            found.add(kind, value.encode(errors="replace"))
            return


def _ask_nobody() -> None:
    import builtins

    def refuse(prompt: object = "") -> str:
        raise RuntimeError(
            "input() has nobody to ask here: a notebook is graded without its author; put the value there"
        )

    builtins.input = refuse
