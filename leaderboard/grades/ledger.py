"""The gradebook in the ledger, one method and one transaction each."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from leaderboard.boards import Board
from leaderboard.database import Clock, Database
from leaderboard.grades import entering, telling
from leaderboard.grades.collect import Handed, ask, collect, latest
from leaderboard.grades.facts import Notebooks
from leaderboard.grades.policy import TOTAL
from leaderboard.grades.policy_file import PolicyFile
from leaderboard.grades.records import APPLIED, Book, Entry, GradeEvent, Run, Shown
from leaderboard.grades.sheets import Grade, Sheet, grade
from leaderboard.grades.tables import GradeEventRow, GradePolicyRow, GradeRunRow
from leaderboard.grades.terms import Assignments, Terms, boards, closed, settle
from leaderboard.people import note


class Grades:
    """A part of `Store`. Assignments are those of the course, under its settings."""

    def __init__(self, database: Database, clock: Clock, assignments: Assignments) -> None:
        self._database = database
        self._clock = clock
        self._assignments = assignments

    def ranked(self, file: PolicyFile) -> list[Board]:
        """Boards whose ranks give points: `Store.refresh` them first. Raises HeldoutError."""
        return boards(file, self._assignments)

    def closed(self, file: PolicyFile) -> list[str]:
        """Items with rules for late work that the course doesn't take. Raises HeldoutError."""
        return closed(settle(file, self._assignments))

    def preview(self, file: PolicyFile, notebooks: Notebooks | None = None) -> list[Sheet]:
        """What `apply` would give, in the order of names; nothing is changed. Raises HeldoutError."""
        terms = settle(file, self._assignments)
        handed = ask(terms, notebooks)
        with self._database.reading() as session:
            return grade(file.policy, terms, collect(session, terms, handed))

    def apply(self, file: PolicyFile, notebooks: Notebooks | None = None) -> Run:
        """Make these the grades, adding an event for each that changed: a second time none.

        Raises HeldoutError.
        """
        terms = settle(file, self._assignments)
        handed = ask(terms, notebooks)
        with self._database.writing() as session:
            return _apply(session, file, terms, handed, self._clock)

    def enter(self, file: PolicyFile, entries: Sequence[Entry], why: str) -> int:
        """Points for items that are given, or in place of computed ones; all or none. They count once a
        policy is applied, until they are taken back. Returns how many changed. Raises HeldoutError.
        """
        with self._database.writing() as session:
            return entering.enter(session, file, entries, why, self._clock())

    def policy(self) -> PolicyFile | None:
        """The one that was applied last; None where none ever was."""
        with self._database.reading() as session:
            run = telling.last_run(session)
            return telling.policy(session, run.policy_sha256) if run else None

    def applied(self) -> Book | None:
        """Everybody's grades as they were applied last; None where no policy ever was."""
        with self._database.reading() as session:
            return telling.book(session, self._assignments, self._clock())

    def history(self, username: str) -> list[GradeEvent]:
        """All that was ever applied and entered for a student, oldest first. Raises NotFound."""
        with self._database.reading() as session:
            return telling.history(session, username)

    def of_student(self, username: str) -> list[Shown]:
        """What a student may know of the own grades, the course's total last. Raises NotFound.

        What rests on a private board that is not revealed, or a public one that is frozen, is withheld, and
        with it the total.
        """
        with self._database.reading() as session:
            return telling.of_student(session, username, self._assignments, self._clock())


def _apply(session: Session, file: PolicyFile, terms: Sequence[Terms], handed: Handed, clock: Clock) -> Run:
    before = _last_run(session)  # locked: who applies at the same time waits
    sheets = grade(file.policy, terms, collect(session, terms, handed))
    valid = {(row.student_id, row.item): row for row in latest(session, APPLIED)}
    now, who = clock(), session.info.get("actor", "course")
    rows = [row for sheet in sheets for row in _rows(sheet, file)]
    new = [row for row in rows if _differs(valid.get((row.student_id, row.item)), row)]
    changed = bool(new) or before is None or before.policy_sha256 != file.sha256
    if changed:
        if session.get(GradePolicyRow, file.sha256) is None:
            session.add(GradePolicyRow(sha256=file.sha256, text=file.text, added_at=now))
            session.flush()
        for row in new:
            row.who, row.at = who, now
        session.add_all(new)
        session.add(GradeRunRow(policy_sha256=file.sha256, events=len(new), who=who, at=now))
        note(
            session,
            now,
            "grades applied",
            f"policy {file.sha256[:12]}",
            changed=len(new),
            students=len(sheets),
        )
    return Run(file.sha256, len(new), len(sheets), changed)


def _last_run(session: Session) -> GradeRunRow | None:
    """Locked, and then read anew: whoever held it may have added another."""
    query = select(GradeRunRow).order_by(GradeRunRow.id.desc()).limit(1)
    session.scalar(query.with_for_update())
    return session.scalar(query)


def _rows(sheet: Sheet, file: PolicyFile) -> list[GradeEventRow]:
    rows = [_row(sheet, one, file) for one in sheet.grades]
    total = sheet.total
    percent = None if total.percent is None else total.percent / 100
    made = Grade(TOTAL, percent, total.points, total.points, total.possible, TOTAL, steps=total.steps)
    rows.append(_row(sheet, made, file))
    rows[-1].letter = total.letter
    return rows


def _row(sheet: Sheet, one: Grade, file: PolicyFile) -> GradeEventRow:
    return GradeEventRow(
        student_id=sheet.pupil.student_id,
        item=one.item,
        kind=APPLIED,
        raw=one.raw,
        points=one.points,
        penalty=one.penalty,
        total=one.total,
        possible=one.possible,
        letter="",
        slack=one.slack,
        source=one.source,
        submission_id=one.ref if one.judging_id is not None else None,  # a notebook is no submission
        judging_id=one.judging_id,
        policy_sha256=file.sha256,
        data_sha256=one.data_sha256,
        steps="\n".join(one.steps),
    )


WHAT = (
    "raw", "points", "penalty", "total", "possible", "letter", "slack", "source",
    "submission_id", "judging_id", "data_sha256",
)  # fmt: skip


def _differs(valid: GradeEventRow | None, row: GradeEventRow) -> bool:
    """Whether it is another grade: how it is worded, and by which policy, makes none."""
    return valid is None or any(getattr(valid, name) != getattr(row, name) for name in WHAT)
