"""What the gradebook tells, and to whom. Inside the caller's transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.errors import UnknownAssignment
from grader.spec import RunKind
from leaderboard import rulings
from leaderboard.boards import Board
from leaderboard.grades.collect import latest, list_pupils
from leaderboard.grades.entering import find_student
from leaderboard.grades.policy import TOTAL
from leaderboard.grades.policy_file import PolicyFile, parse_policy
from leaderboard.grades.records import APPLIED, Applied, Book, GradeEvent, Shown
from leaderboard.grades.tables import GradeEventRow, GradePolicyRow, GradeRunRow
from leaderboard.grades.terms import Assignments


def of_student(session: Session, username: str, assignments: Assignments, now: datetime) -> list[Shown]:
    student = find_student(session, username)
    if (run := last_run(session)) is None:
        return []
    file = policy(session, run.policy_sha256)
    events = {row.item: _event(row, student.username) for row in latest(session, APPLIED, student.id)}
    shown = [
        _shown(events[item.name], is_hidden(session, events[item.name].source, assignments, now))
        for item in file.policy.items
        if item.name in events
    ]
    if TOTAL in events:
        shown.append(_shown(events[TOTAL], any(one.withheld for one in shown)))
    return shown


def _shown(event: GradeEvent, withheld: bool) -> Shown:
    if withheld:
        return Shown(event.item, None, event.possible, at=event.at, withheld=True)
    steps = tuple(event.feedback.splitlines())
    return Shown(event.item, event.total, event.possible, event.letter, steps, event.at)


def is_hidden(session: Session, source: str, assignments: Assignments, now: datetime) -> bool:
    """Whether points from there would tell students of a board that they don't see: see `sheets.source`."""
    kind, *where = source.split(" ")
    if kind != "score":
        return False
    slug, run_kind, split = where
    try:
        board = Board(assignments(slug), RunKind(run_kind))
    except UnknownAssignment:  # the course has it no longer: nobody will reveal it
        return split == "private"
    if split == "private":
        return not rulings.is_revealed(session, board, now)
    return rulings.frozen_at(session, board, now) is not None


def book(session: Session, assignments: Assignments, now: datetime) -> Book | None:
    if (run := last_run(session)) is None:
        return None
    file, pupils = policy(session, run.policy_sha256), list_pupils(session)
    usernames = {pupil.student_id: pupil.username for pupil in pupils}
    by_student: dict[int, dict[str, GradeEvent]] = {}
    for row in latest(session, APPLIED):
        by_student.setdefault(row.student_id, {})[row.item] = _event(row, usernames[row.student_id])
    students = [_applied(pupil.student_id, by_student, file) for pupil in pupils]
    hidden = _hidden(session, by_student.values(), assignments, now)
    return Book(
        file,
        run.who,
        run.at,
        [Applied(pupil, grades, total) for pupil, (grades, total) in zip(pupils, students, strict=True)],
        hidden,
    )


def _applied(
    student_id: int, by_student: Mapping[int, Mapping[str, GradeEvent]], file: PolicyFile
) -> tuple[Mapping[str, GradeEvent], GradeEvent | None]:
    """In the policy's order; an item that it has no longer is history."""
    own = by_student.get(student_id, {})
    return {item.name: own[item.name] for item in file.policy.items if item.name in own}, own.get(TOTAL)


def _hidden(
    session: Session, students: Iterable[Mapping[str, GradeEvent]], assignments: Assignments, now: datetime
) -> frozenset[str]:
    sources = {(event.item, event.source) for own in students for event in own.values()}
    known = {source: is_hidden(session, source, assignments, now) for _, source in sources}
    return frozenset(item for item, source in sources if known[source])


def history(session: Session, username: str) -> list[GradeEvent]:
    student = find_student(session, username)
    query = select(GradeEventRow).where(GradeEventRow.student_id == student.id).order_by(GradeEventRow.id)
    return [_event(row, student.username) for row in session.scalars(query)]


def last_run(session: Session) -> GradeRunRow | None:
    return session.scalar(select(GradeRunRow).order_by(GradeRunRow.id.desc()).limit(1))


def policy(session: Session, sha256: str) -> PolicyFile:
    return parse_policy(
        session.get_one(GradePolicyRow, sha256).text, f"policy {sha256[:12]}, as it was applied"
    )


def _event(row: GradeEventRow, username: str) -> GradeEvent:
    return GradeEvent(
        row.id,
        username,
        row.item,
        row.kind,
        row.raw,
        row.points,
        row.penalty,
        row.total,
        row.possible,
        row.letter,
        row.slack,
        row.source,
        row.submission_id,
        row.judging_id,
        row.policy_sha256,
        row.data_sha256,
        tuple(row.steps.splitlines()),
        row.who,
        row.at,
    )
