"""The desk of a course folder: for whoever holds the folder, and for the server, which asks who may what."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from desk.desk import Listed, Sent, Shown, Standings, Which, unseen
from desk.told import all_told, told
from grader import kit
from grader.archive import Archive, ArrivedArchive
from grader.course import Course
from grader.current import CurrentCourse
from grader.errors import HeldoutError
from grader.outline import Outline, RunKind
from grader.prepared import load_public
from grader.spec import Assignment
from leaderboard import reading, receive
from leaderboard.boards import Board
from leaderboard.records import Event, Quota, Receipt, Row, State, Submission, Team, TeamKind
from leaderboard.store import Store
from leaderboard.web.board import Board as Page


class LocalDesk:
    """A `StaffDesk` on a course folder and its ledger."""

    def __init__(self, current: CurrentCourse, store: Store) -> None:
        self._current = current
        self.store = store

    @property
    def course(self) -> Course:
        return self._current()

    @property
    def address(self) -> str:
        return str(self.course.folder)

    def assignment(self, slug: str) -> Assignment:
        """Under the course's settings. Raises UnknownAssignment."""
        return self._current.assignment(slug)

    def every_assignment(self) -> list[Assignment]:
        return [self.assignment(slug) for slug in self.course.config.assignments]

    # ------------------------------------------------------------ assignments

    def listed(self, team: str | None = None) -> Sequence[Listed]:
        team = team or self._only_team()
        return [
            Listed(
                one.told(),
                reading.best(self.store, one, team),
                reading.best(self.store, one, team, RunKind.TRAIN),
            )
            for one in self.every_assignment()
        ]

    def outline(self, slug: str) -> Outline:
        return self.assignment(slug).told()

    def kit(self, slug: str) -> bytes:
        version = self.store.regrades.data_version(slug)
        load_public(self.course, slug, version)  # verified before anything is handed out
        return kit.bundle(self.kit_sources(slug))

    def kit_sources(self, slug: str) -> list[tuple[str, Path]]:
        """What a kit is made of: names inside, and files."""
        return kit.sources(self.course, self.assignment(slug), self.store.regrades.data_version(slug))

    # ------------------------------------------------------------ submissions

    def submit(
        self,
        archive: Archive | ArrivedArchive,
        slug: str,
        run_kind: RunKind,
        *,
        description: str,
        team: str | None = None,
        sent: Sent = unseen,
        arrived: datetime | None = None,
    ) -> Receipt:
        return receive.receive(
            self.store,
            self.course.archives,
            archive,
            team=team or self.only_team(),
            assignment=self.assignment(slug),
            description=description,
            run_kind=run_kind,
            arrived=arrived,
        )

    def limits(self, slug: str, run_kind: RunKind, team: str | None = None) -> Quota:
        return self.store.quota(team or self.only_team(), Board(self.assignment(slug), run_kind))

    def submissions(self, slug: str, team: str | None = None) -> tuple[Outline, Sequence[Submission]]:
        assignment = self.assignment(slug)
        listed = self.store.submissions(slug, team or self.only_team())
        return assignment.told(), all_told(self.store, _boards(assignment), listed)

    def submission(self, ref: int) -> Shown:
        found = self.store.submission(ref)
        assignment = self.assignment(found.assignment)
        revealed = self.store.is_revealed(Board(assignment, found.run_kind))
        return Shown(assignment.told(), told(found, revealed=revealed))

    def pictures(self, ref: int) -> Mapping[str, bytes]:
        found = self.store.submission(ref)
        if found.withheld:
            raise HeldoutError(
                f"#{ref} is no significant improvement: the pictures that stand are those of the earlier one",
                next_step=f"see `heldout submissions {found.assignment}`",
            )
        return self.store.pictures(ref)

    def select(self, refs: Sequence[int]) -> None:
        self.store.decisions.select(refs, self._assignment_of(refs[0]))

    def settle_selection(self, slug: str, team: str, refs: Sequence[int]) -> None:
        """One's final submissions to both of an assignment's boards: these, and no others."""
        self.store.decisions.settle(team, refs, self.assignment(slug))

    def withdraw(self, ref: int, *, undo: bool = False) -> State:
        return self.store.decisions.withdraw(ref, self._assignment_of(ref), undo=undo)

    def write_up(self, ref: int, text: str) -> None:
        self.store.write_ups.write(ref, text, team=self.store.submission(ref).team)

    # ------------------------------------------------------------ boards

    def standings(self, which: Which, *, members: bool = False) -> Standings:
        assignment = self.assignment(which.slug)
        board = Board(assignment, which.run_kind)
        return Standings(
            assignment.told(),
            self._rows(assignment, which, members=members),
            self.store.is_revealed(board),
            None if which.private or which.live or which.at else self.store.frozen_at(board),
        )

    def charts(self, which: Which) -> Mapping[str, bytes]:
        found = self.standings(which)
        assignment = self.assignment(which.slug)
        board = Board(assignment, which.run_kind)
        steps = self.store.history(board, private=which.private, at=which.at, live=which.live)
        shown_at = which.at or found.frozen_at
        page = Page(assignment, found.rows, which.run_kind, steps=steps, shown_at=shown_at)
        return {chart.file: chart.svg.encode("utf-8") for chart in (page.history, page.distribution)}

    def _rows(self, assignment: Assignment, which: Which, *, members: bool) -> list[Row]:
        kind, at = which.run_kind, which.at
        if which.private:
            return reading.private_board(self.store, assignment, run_kind=kind, at=at, members=members)
        return reading.board(self.store, assignment, run_kind=kind, at=at, live=which.live, members=members)

    # ------------------------------------------------------------ people

    def teams(self) -> Sequence[Team]:
        return self.store.teams()

    def only_team(self) -> str:
        """The course's only team. Raises HeldoutError where there are several or none."""
        if (found := self._only_team()) is not None:
            return found
        names = self._students()
        raise HeldoutError(
            "whose submission is it?",
            expected=f"one of the {len(names)} teams of the course"
            if names
            else "a team; the course has none yet",
            next_step="add --team NAME, or set HELDOUT_TEAM" if names else "heldout roster import FILE",
        )

    def _only_team(self) -> str | None:
        names = self._students()
        return names[0] if len(names) == 1 else None

    def _students(self) -> list[str]:
        return [known.name for known in self.store.teams() if known.kind is TeamKind.STUDENT]

    # ------------------------------------------------------------ what staff decide

    def extend(self, slug: str, username: str, until: datetime | None) -> datetime | None:
        return self.store.decisions.extend(self.assignment(slug), username, until)

    def disqualify(self, slug: str, team: str, reason: str) -> None:
        self.store.decisions.disqualify(self.assignment(slug), team, reason)

    def reinstate(self, slug: str, team: str) -> None:
        self.store.decisions.reinstate(self.assignment(slug), team)

    def reveal(self, slug: str, *, undo: bool = False) -> None:
        self.store.decisions.reveal(self.assignment(slug), undo=undo)

    def merge(self, into: str, other: str) -> None:
        self.store.decisions.merge(into, other, self.every_assignment())

    def part(self, other: str) -> None:
        self.store.decisions.part(other, self.every_assignment())

    def events(self) -> Sequence[Event]:
        return self.store.decisions.events()

    def _assignment_of(self, ref: int) -> Assignment:
        return self.assignment(self.store.submission(ref).assignment)


def _boards(assignment: Assignment) -> list[Board]:
    return [Board(assignment, kind) for kind in RunKind]
