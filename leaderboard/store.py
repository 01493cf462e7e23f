"""The ledger: one method, one transaction; records go in and out, rows stay inside.

What people decide is in `decisions`, what is judged again in `regrades`, who is let in in `access`, what is
written about submissions in `write_ups`, grades in `grades`; what is told of boards is in `Boards`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from grader import catalogue
from grader.errors import HeldoutError
from grader.report import EVERYTHING, Choice, Job, Report
from grader.rules import Rules
from grader.spec import RunKind
from leaderboard import (
    admission,
    claims,
    graders,
    judging,
    operating,
    people,
    progress,
    regrade_queue,
)
from leaderboard.access import Access
from leaderboard.activity import Progress
from leaderboard.boards import Board
from leaderboard.clock import clock_of
from leaderboard.database import ACTOR, BUSY_SECONDS, Clock, Database, check_revision, upgrade
from leaderboard.decisions import Decisions
from leaderboard.grades.ledger import Grades
from leaderboard.notebooks import Notebooks
from leaderboard.operations import Operations
from leaderboard.plain import storable
from leaderboard.records import (
    Quota,
    Receipt,
    RosterChange,
    Student,
    Team,
    TeamKind,
)
from leaderboard.regrades import Regrades
from leaderboard.tables import SubmissionRow
from leaderboard.told_boards import Assignments, Boards
from leaderboard.told_submissions import Submissions
from leaderboard.write_ups import WriteUps


class Store(Boards, Submissions):
    """The course's database. Every method raises HeldoutError when it is locked, full or not there.

    May be used from several threads; several processes may open one database.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock | None = None,
        assignments: Assignments = catalogue.find,
        actor: str = "course",
    ) -> None:
        """`clock`: by default the database's, see `clock_of`. `assignments`: by slug, under the course's
        settings. `actor`: who decides, for the audit log.
        """
        clock = clock or clock_of(database)
        super().__init__(database, clock, assignments)
        database.actor = actor
        self.decisions = Decisions(database, clock)
        self.regrades = Regrades(database, clock)
        self.access = Access(database, clock)
        self.write_ups = WriteUps(database, clock)
        self.notebooks = Notebooks(database, clock)
        self.grades = Grades(database, clock, assignments)
        self.operations = Operations(database, clock, assignments)

    @classmethod
    def create(cls, url: str, *, busy_seconds: float = BUSY_SECONDS, **settings: Any) -> Self:
        """Make the database, or upgrade the one that is there; what is in it stays. `settings`: see `Store`.

        Raises HeldoutError when that is not possible, or the database is from a newer version.
        """
        return cls._checked(Database(url, busy_seconds=busy_seconds), upgrade, settings)

    @classmethod
    def open(cls, url: str, *, busy_seconds: float = BUSY_SECONDS, **settings: Any) -> Self:
        """Raises HeldoutError when the database is missing, or is from another version."""
        return cls._checked(Database(url, busy_seconds=busy_seconds), check_revision, settings)

    @classmethod
    def _checked(
        cls, database: Database, check: Callable[[Database], None], settings: Mapping[str, Any]
    ) -> Self:
        try:
            check(database)
        except HeldoutError:
            database.close()
            raise
        return cls(database, **settings)

    @contextmanager
    def acting(self, actor: str) -> Iterator[None]:
        """Inside, the audit log names this one: for a process that acts for several at a time."""
        before = ACTOR.set(actor)
        try:
            yield
        finally:
            ACTOR.reset(before)

    def now(self) -> datetime:
        return self._clock()

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

    def members(self) -> Mapping[int, Sequence[str]]:
        """Usernames by team, in their order."""
        with self._database.reading() as session:
            return people.members(session)

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
        starter: bool = False,
        rules: Rules | None = None,
        arrived: datetime | None = None,
    ) -> Receipt:
        """Queue an archive that has been kept. The same bytes of the same team get the earlier receipt.

        `starter`: it is what was handed out. `arrived`: when, if before now. Raises HeldoutError when the
        team is unknown (names close ones), a text is too long, or `rules` forbid it; shipped solutions are
        under none.
        """
        row = SubmissionRow(
            assignment=assignment,
            run_kind=run_kind,
            sha256=sha256,
            size=size,
            file_name=storable(file_name),
            description=storable(description),
            starter=starter,
        )
        arrived = arrived or self._clock()  # waiting for the database must make nobody late
        with self._database.writing() as session:
            return claims.receive(session, row, team, rules, arrived)

    def admit(self, team: str, board: Board, arrived: datetime) -> None:
        """Raise HeldoutError where `receive` would, by the rules: before bytes are kept for nothing."""
        with self._database.reading() as session:
            row = people.find_team(session, team)
            if row.kind is TeamKind.STUDENT:
                allowed = admission.quota(session, row, board.slug, board.run_kind, board.rules, arrived)
                admission.check(allowed, arrived)

    def quota(self, team: str, board: Board) -> Quota:
        """What the team may still hand in. Raises HeldoutError when it is unknown."""
        with self._database.reading() as session:
            row = people.find_team(session, team)
            return admission.quota(session, row, board.slug, board.run_kind, board.rules, self._clock())

    def claim(self, holder: str, lease_seconds: float, choice: Choice = EVERYTHING) -> Job | None:
        """Take the submission of `choice` whose turn it is for `lease_seconds`; None when there is none."""
        with self._database.writing() as session:
            if operating.is_draining(session, holder):
                return None
            asked = claims.Asked(holder, lease_seconds, choice, operating.paused_slugs(session))
            now = self._clock()
            return claims.claim(session, asked, now) or regrade_queue.claim(session, asked, now)

    def waits(self, choice: Choice) -> bool:
        """Whether any of `choice` could be claimed now."""
        with self._database.reading() as session:
            asked = claims.Asked("", 0.0, choice, operating.paused_slugs(session))
            return claims.waits(session, asked) or regrade_queue.waits(session, asked)

    def renew(self, job: Job) -> bool:
        """Prolong the lease by what was claimed; False when it was lost."""
        with self._database.writing() as session:
            renew = claims.renew if job.regrade is None else regrade_queue.renew
            return renew(session, job, self._clock())

    def release(self, job: Job, why: str = "was stopped") -> bool:
        """Give the job back unfinished, at no cost; False when the lease was lost.

        `why`: what its holder did, for the log of its attempts.
        """
        with self._database.writing() as session:
            release = claims.release if job.regrade is None else regrade_queue.release
            return release(session, job, why, self._clock())

    def tell(self, job: Job, phase: str, done: int, total: int, tail: str = "") -> bool:
        """What the job's grading says of itself while it runs; False when the lease was lost.

        `tail`: the end of what the student's code printed. All of it is for the student's eyes.
        """
        with self._database.writing() as session:
            return progress.tell(session, job, Progress(phase, done, total, tail, self._clock()))

    def seen(self, holder: str, lanes: Mapping[str, int]) -> bool:
        """A grader's sign of life, and how many it grades at a time on each of its lanes.

        False: it is asked to end what it began, and to stop.
        """
        with self._database.writing() as session:
            return graders.seen(session, holder, lanes, self._clock())

    def left(self, holder: str) -> None:
        """A grader's last sign."""
        with self._database.writing() as session:
            graders.left(session, holder)

    def sweep(self) -> int:
        """Queue again what is running past its lease, or park it after three faults; return how many."""
        with self._database.writing() as session:
            now = self._clock()
            return claims.sweep(session, now) + regrade_queue.sweep(session, now)

    def record(self, job: Job, report: Report) -> bool:
        """Store a report, once; False when the lease was lost, and then nothing is stored.

        Raises HeldoutError when a score is not finite or the report contradicts itself.
        """
        judging.check(job, report)
        assignment = self._assignment(job.assignment)
        with self._database.writing() as session:
            return judging.record(session, job, report, assignment, self._clock())
