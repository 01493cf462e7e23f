"""The ledger: one method, one transaction; records go in and out, rows stay inside."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from grader.errors import HeldoutError
from grader.report import Job, Report
from grader.spec import RunKind
from leaderboard import claims, judging, people, views
from leaderboard.database import BUSY_SECONDS, Database, check_revision, upgrade
from leaderboard.plain import storable
from leaderboard.records import (
    Entry,
    Receipt,
    RosterChange,
    Showing,
    State,
    Student,
    Submission,
    Team,
    TeamKind,
)
from leaderboard.tables import SubmissionRow

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """The course's database. Every method raises HeldoutError when it is locked, full or not there.

    May be used from several threads; several processes may open one database.
    """

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    @classmethod
    def create(cls, url: str, *, clock: Clock = utc_now, busy_seconds: float = BUSY_SECONDS) -> Self:
        """Make the database, or upgrade the one that is there; what is in it stays.

        Raises HeldoutError when that is not possible, or the database is from a newer version.
        """
        return cls._checked(Database(url, busy_seconds=busy_seconds), upgrade, clock)

    @classmethod
    def open(cls, url: str, *, clock: Clock = utc_now, busy_seconds: float = BUSY_SECONDS) -> Self:
        """Raises HeldoutError when the database is missing, or is from another version."""
        return cls._checked(Database(url, busy_seconds=busy_seconds), check_revision, clock)

    @classmethod
    def _checked(cls, database: Database, check: Callable[[Database], None], clock: Clock) -> Self:
        try:
            check(database)
        except HeldoutError:
            database.close()
            raise
        return cls(database, clock)

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------ teams and students

    def import_roster(self, students: Sequence[Student]) -> RosterChange:
        """Add new students and correct names, all or none; a second time it changes nothing.

        Raises HeldoutError when the roster would move somebody, or a team's name is taken.
        """
        with self._database.writing() as session:
            return people.import_roster(session, students, self._clock())

    def ensure_team(self, name: str, kind: TeamKind) -> Team:
        """The team of that name, made if need be. Raises HeldoutError when it is of another kind."""
        with self._database.writing() as session:
            row = people.ensure_team(session, name, kind, self._clock())
            return Team(row.id, row.name, row.kind)

    def teams(self) -> list[Team]:
        """All teams with their members' usernames, in the order of their names."""
        with self._database.reading() as session:
            return people.list_teams(session)

    # ------------------------------------------------------------ the queue

    def receive(
        self,
        team: str,
        assignment: str,
        *,
        sha256: str,
        size: int,
        file_name: str,
        description: str = "",
        run_kind: RunKind = RunKind.EVALUATE,
    ) -> Receipt:
        """Queue an archive that has been kept. The same bytes of the same team get the earlier receipt.

        Raises HeldoutError when the team is unknown (names close ones), or a text is too long.
        """
        row = SubmissionRow(
            assignment=assignment,
            run_kind=run_kind,
            sha256=sha256,
            size=size,
            file_name=storable(file_name),
            description=storable(description),
        )
        with self._database.writing() as session:
            return claims.receive(session, row, team, self._clock())

    def claim(self, holder: str, lease_seconds: float) -> Job | None:
        """Take the submission whose turn it is for `lease_seconds`; None when the queue is empty."""
        with self._database.writing() as session:
            return claims.claim(session, holder, lease_seconds, self._clock())

    def renew(self, job: Job) -> bool:
        """Prolong the lease by what was claimed; False when it was lost."""
        with self._database.writing() as session:
            return claims.renew(session, job, self._clock())

    def release(self, job: Job) -> bool:
        """Give the job back unfinished, at no cost; False when the lease was lost."""
        with self._database.writing() as session:
            return claims.release(session, job, self._clock())

    def sweep(self) -> int:
        """Queue again what is running past its lease, or park it after three faults; return how many."""
        with self._database.writing() as session:
            return claims.sweep(session, self._clock())

    def record(self, job: Job, report: Report) -> bool:
        """Store a report, once; False when the lease was lost, and then nothing is stored.

        Raises HeldoutError when a score is not finite or the report contradicts itself.
        """
        judging.check(job, report)
        with self._database.writing() as session:
            return judging.record(session, job, report, self._clock())

    # ------------------------------------------------------------ what is known

    def submissions(self, assignment: str, team: str | None = None) -> list[Submission]:
        """Newest first, without logs. Raises HeldoutError when the team is unknown."""
        with self._database.reading() as session:
            return views.submissions(session, assignment, team)

    def submission(self, ref: int) -> Submission:
        """One submission with its log. Raises HeldoutError when there is none of that number."""
        with self._database.reading() as session:
            return views.submission(session, ref)

    def entries(
        self, assignment: str, *, private: bool = False, run_kind: RunKind = RunKind.EVALUATE
    ) -> list[Entry]:
        """What a board is ranked from: scored and failed submissions, with public or private scores."""
        with self._database.reading() as session:
            return views.entries(session, assignment, run_kind, "private" if private else "public")

    def pictures(self, ref: int) -> dict[str, bytes]:
        """PNG files by name. Raises HeldoutError when there is no such submission."""
        with self._database.reading() as session:
            return views.pictures(session, ref)

    def showings(self, refs: Sequence[int]) -> dict[int, Showing]:
        """What each of them made of public examples; those that are unknown or not judged are left out."""
        with self._database.reading() as session:
            return views.showings(session, refs)

    def picture(self, ref: int, name: str) -> bytes:
        """One PNG file. Raises HeldoutError when there is none of that name."""
        found = self.pictures(ref)
        if name not in found:
            raise HeldoutError(
                f"submission #{ref} has no picture {name!r}", expected=", ".join(found) or "no pictures"
            )
        return found[name]

    def items(self, ref: int) -> dict[str, npt.NDArray[np.float32]]:
        """Per-item scores by metric, (n,) float32 in the order of the held-out items."""
        with self._database.reading() as session:
            return {name: np.frombuffer(raw, "<f4") for name, raw in views.items(session, ref).items()}

    def queue_place(self, ref: int) -> int | None:
        """How many will be claimed before it if nothing changes; None when it isn't queued."""
        with self._database.reading() as session:
            return claims.places(session).get(ref)

    def counts(self, assignment: str | None = None) -> dict[State, int]:
        """How many submissions are in each state."""
        with self._database.reading() as session:
            return views.counts(session, assignment)
