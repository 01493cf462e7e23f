"""Tells pages that something has changed: one look at the ledger a second, however many are watching."""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

from fastapi.concurrency import run_in_threadpool

from grader.errors import HeldoutError
from leaderboard.store import Store
from server.errors import TooMany

log = logging.getLogger(__name__)
BEAT = 1.0  # seconds between two looks
PAGES = 20  # of one person that are open at a time
LATER = 1.2  # seconds after which a page is told: what is kept of it has grown old by then (see kept)


class Pulse:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._topics: Mapping[str, str] = {}
        self._turn = asyncio.Condition()
        self._starting = asyncio.Lock()
        self._watching: Counter[str] = Counter()  # pages, by whose they are
        self._beating: asyncio.Task[None] | None = None

    def admit(self, who: str) -> None:
        """Raise TooMany where one person's pages would leave none for others."""
        if self._watching[who] >= PAGES:
            raise TooMany(math.ceil(BEAT))

    async def changes(self, topic: str, who: str) -> AsyncIterator[str]:
        """A word for each time that a topic has changed; ends with its watcher."""
        self._watching[who] += 1
        try:
            await self._start()
            known = self._topics.get(topic)
            while True:
                async with self._turn:
                    await self._turn.wait_for(lambda: self._topics.get(topic) != known)  # noqa: B023
                known = self._topics.get(topic)
                await asyncio.sleep(LATER)
                yield "changed"
        finally:
            self._watching[who] -= 1
            self._watching += Counter()  # forgets who is at none

    async def _start(self) -> None:
        """One heart for all of them, however many come back at the same moment."""
        async with self._starting:
            if self._beating is None or self._beating.done():
                await self._look()
                self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while self._watching:
            await asyncio.sleep(BEAT)
            try:
                await self._look()
            except Exception:  # a heart that stops leaves all open pages as they are
                log.exception("the ledger could not be looked at")

    async def _look(self) -> None:
        with suppress(HeldoutError):  # the database is busy: the next look will do
            found = await run_in_threadpool(self._store.topics)
            async with self._turn:
                self._topics = found
                self._turn.notify_all()
