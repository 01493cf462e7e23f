"""Boards' pages, drawn once for all who may see the same until something changes: a class looks at once."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from fastapi.concurrency import run_in_threadpool
from markupsafe import escape

from leaderboard.plain import one_line
from leaderboard.web.frame import Frame

T = TypeVar("T")
READER = "\ue000reader\ue000"  # stands for the reader's name in what is kept; nobody's name has such letters
MOST = 200  # pages, and what else is made of boards
YOUNG = 1.0  # seconds for which it is told as it is, however much is graded: see Pulse


@dataclass
class Thing:
    """What was made, and of what; None: nothing yet."""

    made: Any = None
    stamp: object = None
    made_at: float = -YOUNG
    checked_at: float = -YOUNG  # its stamp still held then
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Kept:
    """What is made of boards, by what it is of and for whom. For one event loop; waiting holds no thread."""

    def __init__(self) -> None:
        self._things: dict[object, Thing] = {}

    async def page(
        self, key: object, frame: Frame, stamp: Callable[[], object], draw: Callable[[Frame], str]
    ) -> str:
        """What `draw` makes of the frame, whose person's name alone differs between readers of one `key`."""
        person = frame.person
        whom = (key, person and person.role, person and bool(person.team), frame.home)
        html = await self.thing(whom, stamp, lambda: draw(_anybody(frame)))
        return html.replace(READER, str(escape(one_line(person.name))) if person else "")

    async def thing(self, key: object, stamp: Callable[[], object], make: Callable[[], T]) -> T:
        """What `make` makes. `stamp` says, cheaply, whether what was made still holds."""
        asked, thing = time.monotonic(), self._find(key)
        if time.monotonic() - thing.made_at > YOUNG:
            async with thing.turn:
                if thing.checked_at < asked:  # else somebody has looked meanwhile
                    await _check(thing, stamp, make)
        found: T = thing.made
        return found

    def _find(self, key: object) -> Thing:
        thing = self._things.setdefault(key, Thing())
        while len(self._things) > MOST:
            self._things.pop(next(iter(self._things)))
        return thing


async def _check(thing: Thing, stamp: Callable[[], object], make: Callable[[], object]) -> None:
    begun = time.monotonic()
    found = await run_in_threadpool(stamp)
    if found != thing.stamp or thing.made is None:
        thing.made = await run_in_threadpool(make)
        thing.stamp, thing.made_at = found, begun
    thing.checked_at = begun


def _anybody(frame: Frame) -> Frame:
    """Of the first reader what all have in common alone: not the forms' proof, nor the address typed."""
    person = frame.person and replace(frame.person, username=READER, name=READER)
    return replace(frame, person=person, csrf="", origin="")
