"""What time it is: the machine's own clock, or that of the database which several machines share."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from grader.errors import HeldoutError
from leaderboard.database import Clock, Database

AGAIN = 60.0  # seconds after which the server is asked once more; in between they are counted


def utc_now() -> datetime:
    return datetime.now(UTC)


def clock_of(database: Database) -> Clock:
    """Its server's, where it has one: leases and deadlines mean the same to every machine. Raises
    HeldoutError when that doesn't answer.
    """
    return utc_now if database.is_sqlite else ServerClock(lambda: _asked(database))


class ServerClock:
    """Goes on by itself while the server can't be asked. May be used by several threads.

    `ask`: what time it is there; may raise HeldoutError.
    """

    def __init__(self, ask: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._monotonic = ask, monotonic
        self._asking = threading.Lock()
        self._known = self._heard()

    def __call__(self) -> datetime:
        _, since = self._known
        if self._monotonic() - since > AGAIN and self._asking.acquire(blocking=False):
            try:
                with suppress(HeldoutError):
                    self._known = self._heard()
            finally:
                self._asking.release()
        told, since = self._known
        return told + timedelta(seconds=self._monotonic() - since)

    def _heard(self) -> tuple[datetime, float]:
        """The server's time, and when it was that by our counting: halfway between question and answer."""
        asked = self._monotonic()
        told = self._ask()
        return told, (asked + self._monotonic()) / 2


def _asked(database: Database) -> datetime:
    with database.reading() as session:
        found: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found.astimezone(UTC)
