"""What is arriving: archives in pieces, each in a file, until all of it is there or a day has passed.

TEAM/<id>.json   what was announced; with the receipt once there is one
TEAM/<id>.part   the bytes so far: how many there are is the file's size

An id follows from team and content: who begins again after a crash, on whichever side, goes on from there.
Each team has a folder, named by a checksum: whoever hands in waits for no look through everybody's.
"""

import errno
import hashlib
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from desk.wire import NewUpload, Upload
from grader.archive import ArrivedArchive
from grader.errors import HeldoutError, NotFound, Refused, TooLarge, Unavailable
from leaderboard.records import Receipt

STALE = 24 * 3600.0  # seconds without a byte
TIDY = 3600.0  # seconds between two looks for what is stale
AT_ONCE = 3  # of one team; a fourth takes the place of the oldest
LEFT = 32 << 20  # bytes of the disk that uploads leave to the ledger
FULL = (errno.ENOSPC, errno.EDQUOT)
ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class Arrival:
    id: str
    team: str
    new: NewUpload
    receipt: Receipt | None = None


ARRIVAL = TypeAdapter(Arrival)


class WrongOffset(Refused):
    """The bytes that were sent don't go on where the last ones ended."""


class Arrivals:
    """May be used from several threads; who sends and receives one arrival has to be `alone`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._busy: set[str] = set()
        self._tidied = -TIDY

    def begin(self, team: str, new: NewUpload) -> Arrival:
        """Announce an archive, or take up the same one again. Raises Unavailable."""
        said = "\0".join((team, new.slug, new.run_kind, new.sha256, str(new.size)))
        found = Arrival(hashlib.sha256(said.encode()).hexdigest()[:32], team, new)
        with self._clear_errors():
            self._home(team).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._tidy()
            self._make_place(found)
            self._check_room(new.size - self._offset(found))
            self._write(found)
            self._part(found).touch(mode=0o600)
        return found

    def find(self, number: str, team: str) -> Arrival:
        """Raises NotFound, also for another team's."""
        if not ID.fullmatch(number):
            raise _forgotten()
        try:
            found = ARRIVAL.validate_json((self._home(team) / f"{number}.json").read_bytes())
        except (OSError, ValueError):
            found = None
        if found is None or found.team != team:
            raise _forgotten()
        return found

    @contextmanager
    def alone(self, number: str) -> Iterator[None]:
        """From the first byte to the receipt. Raises Refused while somebody else sends the same."""
        if number in self._busy:
            raise Refused("these bytes are being sent already", next_step="wait until the other one ends")
        self._busy.add(number)
        try:
            yield
        finally:
            self._busy.discard(number)

    def told(self, arrival: Arrival) -> Upload:
        size = arrival.new.size
        return Upload(arrival.id, size, size if arrival.receipt else self._offset(arrival), arrival.receipt)

    async def append(self, arrival: Arrival, offset: int, pieces: AsyncIterator[bytes]) -> int:
        """Write what comes at its place; return how many bytes there are now. What came before a loss stays.

        Raises WrongOffset, TooLarge, NotFound once newer ones have taken its place, and Unavailable, after
        which nothing stays where the disk is full.
        """
        there = self._offset(arrival)
        if offset != there:
            raise WrongOffset(
                f"the bytes from {offset:,} on were sent",
                expected=f"those from {there:,} on",
                next_step="ask where to go on, and send the rest",
            )
        with self._clear_errors(), self._room_again(arrival), open(self._part(arrival), "r+b") as file:
            file.seek(there)
            async for piece in pieces:
                there += len(piece)
                if there > arrival.new.size:
                    raise TooLarge(
                        f"more than the {arrival.new.size:,} bytes that were announced came",
                        next_step="submit again",
                    )
                if not os.fstat(file.fileno()).st_nlink:
                    raise _forgotten()
                file.write(piece)
        return there

    def arrived(self, arrival: Arrival) -> ArrivedArchive:
        """All of it, compared with what was announced. Raises HeldoutError, and forgets the bytes, else."""
        path = self._part(arrival)
        with self._clear_errors(), open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != arrival.new.sha256:
            with suppress(OSError):
                os.truncate(path, 0)
            raise HeldoutError(
                "other bytes arrived than were sent",
                where=f"SHA-256 {found}",
                expected=f"SHA-256 {arrival.new.sha256}",
                next_step="submit again; nothing was received",
            )
        return ArrivedArchive(path, arrival.new.size, found, arrival.new.file_name)

    def settle(self, arrival: Arrival, receipt: Receipt) -> Arrival:
        """It has been received: who asks again is told so.

        Where the disk is full it has been received all the same: only who asks again sends it again.
        """
        done = replace(arrival, receipt=receipt)
        with suppress(OSError):
            self._write(done)
            self._part(arrival).unlink(missing_ok=True)
        return done

    def drop(self, arrival: Arrival) -> None:
        """Nobody will ask for it any more."""
        for path in (self._part(arrival), self._said(arrival)):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    # ------------------------------------------------------------ files

    def _home(self, team: str) -> Path:
        return self._folder / hashlib.sha256(team.encode()).hexdigest()[:32]

    def _part(self, arrival: Arrival) -> Path:
        return self._home(arrival.team) / f"{arrival.id}.part"

    def _said(self, arrival: Arrival) -> Path:
        return self._home(arrival.team) / f"{arrival.id}.json"

    def _offset(self, arrival: Arrival) -> int:
        with suppress(OSError):
            return self._part(arrival).stat().st_size
        return 0

    def _write(self, arrival: Arrival) -> None:
        path = self._said(arrival)
        temporary = path.with_suffix(f".{os.urandom(4).hex()}")
        temporary.write_bytes(ARRIVAL.dump_json(arrival))
        os.replace(temporary, path)

    def _tidy(self) -> None:
        """Now and then: forget what is stale, of everybody; older versions kept it without teams' folders."""
        if time.monotonic() - self._tidied > TIDY:
            self._tidied = time.monotonic()
            for path in (*self._folder.glob("*/*"), *self._folder.glob("*.*")):
                with suppress(OSError):
                    if time.time() - _touched(path) > STALE:
                        path.unlink()

    def _make_place(self, coming: Arrival) -> None:
        """Forget this team's oldest that have no receipt, where it has too many."""
        waiting = []
        for path in self._home(coming.team).glob("*.json"):
            with suppress(OSError, ValueError):
                found = ARRIVAL.validate_json(path.read_bytes())
                if found.id != coming.id and found.receipt is None:
                    waiting.append((_touched(path), found))
        waiting.sort(key=lambda one: one[0])
        for _, old in waiting[: max(0, len(waiting) + 1 - AT_ONCE)]:
            self.drop(old)

    def _check_room(self, more: int) -> None:
        """Raise OSError unless something is left for the ledger once so many bytes have come."""
        if shutil.disk_usage(self._folder).free < more + LEFT:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextmanager
    def _room_again(self, arrival: Arrival) -> Iterator[None]:
        """What can't be brought to its end takes nobody's room."""
        try:
            yield
        except OSError as error:
            if error.errno in FULL:
                os.truncate(self._part(arrival), 0)
            raise

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise _forgotten() from error
        except OSError as error:
            full = error.errno in FULL
            raise Unavailable(
                "the server's disk is full: nothing was received"
                if full
                else f"nothing was received: {error.strerror}",
                where=str(self._folder),
                expected="room for what is handed in",
                next_step="tell your instructor, and submit again; no attempt was counted",
                full=full,
            ) from error


def _touched(path: Path) -> float:
    """When the last byte of it came."""
    both = path, path.with_suffix(".part")
    return max(each.stat().st_mtime for each in both if each.exists())


def _forgotten() -> NotFound:
    return NotFound(
        "there is no such upload", expected="one that was begun within a day", next_step="submit again"
    )
