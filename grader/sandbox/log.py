"""A student's output: the first and last 32 KiB are kept, the rest is counted. It is shown, never parsed."""

import os
import re
import threading
import unicodedata

LINE_ENDS = re.compile(r"\r\n?")
REPLACED = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # escapes, bidi overrides, surrogates, separators


def neutralise(text: str) -> str:
    """`text` with line feeds and tabs, every other control or format character made visible."""
    return "".join(_visible(character) for character in LINE_ENDS.sub("\n", text))


def _visible(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in REPLACED:
        return character
    return character.encode("unicode_escape").decode()


class Log:
    """Drains a pipe in a thread of its own, so that no flood of output can stall anyone."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self._descriptor = descriptor
        self._half = limit // 2
        self._lock = threading.Lock()
        self._keep = True
        self._dropped = 0
        self._clear()
        self._thread = threading.Thread(target=self._drain, name="sandbox log", daemon=True)
        self._thread.start()

    def restart(self, *, keep: bool) -> None:
        """Forget what came; keep what comes only if told to."""
        with self._lock:
            self._keep = keep
            self._clear()

    def finish(self, seconds: float) -> None:
        """Wait until all writers have closed the pipe."""
        self._thread.join(seconds)

    @property
    def text(self) -> str:
        with self._lock:
            head, tail, total = bytes(self._head), bytes(self._tail), self._total
        dropped = total - len(head) - len(tail)
        gap = f"\n[… {dropped} bytes left out …]\n" if dropped else ""
        return neutralise(head.decode(errors="replace") + gap + tail.decode(errors="replace"))

    @property
    def dropped_bytes(self) -> int:
        """What came while nothing was to be kept."""
        with self._lock:
            return self._dropped

    def _clear(self) -> None:
        self._head, self._tail, self._total = bytearray(), bytearray(), 0

    def _drain(self) -> None:
        with open(self._descriptor, "rb", buffering=0) as pipe:
            while chunk := os.read(pipe.fileno(), 1 << 16):
                with self._lock:
                    self._take(chunk)

    def _take(self, chunk: bytes) -> None:
        if not self._keep:
            self._dropped += len(chunk)
            return
        self._total += len(chunk)
        room = self._half - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        del self._tail[: -self._half]
