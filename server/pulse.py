"""Tells pages that something has changed: one look at the ledger a second, however many are watching."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

from fastapi.concurrency import run_in_threadpool

from grader.errors import HeldoutError
from leaderboard.store import Store

BEAT = 1.0  # seconds between two looks
LATER = 1.2  # seconds after which a page is told: what is kept of it has grown old by then (see kept)


class Pulse:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._topics: Mapping[str, str] = {}
        self._turn = asyncio.Condition()
        self._starting = asyncio.Lock()
        self._watching = 0
        self._beating: asyncio.Task[None] | None = None

    async def changes(self, topic: str) -> AsyncIterator[str]:
        """A word for each time that a topic has changed; ends with its watcher."""
        self._watching += 1
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
            self._watching -= 1

    async def _start(self) -> None:
        """One at a time: a class that opens its pages at once has one that looks, not one each."""
        async with self._starting:
            if self._beating is None or self._beating.done():
                await self._look()
                self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while self._watching:
            await asyncio.sleep(BEAT)
            await self._look()

    async def _look(self) -> None:
        with suppress(HeldoutError):  # the database is busy: the next look will do
            found = await run_in_threadpool(self._store.topics)
            async with self._turn:
                self._topics = found
                self._turn.notify_all()
