"""Boards' pages, drawn once for all who may see the same until something changes: a class looks at once."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fastapi.concurrency import run_in_threadpool
from markupsafe import escape

from leaderboard.plain import one_line
from leaderboard.web.frame import Frame

READER = "\ue000reader\ue000"  # stands for the reader's name in what is kept; nobody's name has such letters
MOST = 200  # pages
YOUNG = 1.0  # seconds for which a page is shown as it is, however much is graded: see Pulse


@dataclass
class Page:
    html: str = ""
    stamp: object = None
    drawn_at: float = -YOUNG
    checked_at: float = -YOUNG  # its stamp still held then
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Kept:
    """Pages by what they are of and for whom. For one event loop; who waits for a page holds no thread."""

    def __init__(self) -> None:
        self._pages: dict[object, Page] = {}

    async def page(
        self, key: object, frame: Frame, stamp: Callable[[], object], draw: Callable[[Frame], str]
    ) -> str:
        """What `draw` makes of the frame, whose person's name alone differs between readers of one `key`.

        `stamp` says, cheaply, whether what was drawn still holds.
        """
        asked, person = time.monotonic(), frame.person
        page = self._find((key, person and person.role, person and bool(person.team), frame.home))
        if time.monotonic() - page.drawn_at > YOUNG:
            async with page.turn:
                if page.checked_at < asked:  # else somebody has looked meanwhile
                    await self._check(page, frame, stamp, draw)
        return page.html.replace(READER, str(escape(one_line(person.name))) if person else "")

    async def _check(
        self, page: Page, frame: Frame, stamp: Callable[[], object], draw: Callable[[Frame], str]
    ) -> None:
        begun = time.monotonic()
        found = await run_in_threadpool(stamp)
        if found != page.stamp or not page.html:
            page.html = await run_in_threadpool(draw, _anybody(frame))
            page.stamp, page.drawn_at = found, begun
        page.checked_at = begun

    def _find(self, key: object) -> Page:
        page = self._pages.setdefault(key, Page())
        while len(self._pages) > MOST:
            self._pages.pop(next(iter(self._pages)))
        return page


def _anybody(frame: Frame) -> Frame:
    return frame if frame.person is None else replace(frame, person=replace(frame.person, name=READER))
