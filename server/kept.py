"""Boards' pages, drawn once for all who may see the same until something changes: a class looks at once."""

from collections.abc import Callable
from dataclasses import replace
from threading import Lock

from markupsafe import escape

from leaderboard.plain import one_line
from leaderboard.web.frame import Frame

READER = "\ue000reader\ue000"  # stands for the reader's name in what is kept; nobody's name has such letters
MOST = 200  # pages


class Kept:
    """A page by what it is of and for whom; `stamp` says whether it still holds."""

    def __init__(self) -> None:
        self._pages: dict[object, tuple[object, str]] = {}
        self._locks: dict[object, Lock] = {}
        self._lock = Lock()

    def page(self, key: object, stamp: object, frame: Frame, draw: Callable[[Frame], str]) -> str:
        """What `draw` makes of the frame, whose person's name alone differs between readers of one `key`.

        Who comes while it is being drawn waits for that.
        """
        key = (key, frame.person and frame.person.role, frame.person and bool(frame.person.team), frame.home)
        with self._lock:
            lock = self._locks.setdefault(key, Lock())
        with lock:
            found = self._pages.get(key)
            if found is None or found[0] != stamp:
                found = self._pages[key] = (stamp, draw(_anybody(frame)))
                self._forget()
        name = one_line(frame.person.name) if frame.person else ""
        return found[1].replace(READER, str(escape(name)))

    def _forget(self) -> None:
        while len(self._pages) > MOST:
            self._pages.pop(next(iter(self._pages)), None)


def _anybody(frame: Frame) -> Frame:
    return frame if frame.person is None else replace(frame, person=replace(frame.person, name=READER))
