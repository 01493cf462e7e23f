"""Points that people enter. Inside the caller's transaction."""

import math
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.errors import HeldoutError, NotFound, Refused
from leaderboard.grades.collect import latest
from leaderboard.grades.policy import Item
from leaderboard.grades.policy_file import PolicyFile
from leaderboard.grades.records import ENTERED, Entry
from leaderboard.grades.tables import GradeEventRow
from leaderboard.names import name_key
from leaderboard.people import note
from leaderboard.plain import storable
from leaderboard.tables import StudentRow

LONGEST_REASON = 1000
MOST = 1e6  # points


def enter(session: Session, file: PolicyFile, entries: Sequence[Entry], why: str, now: datetime) -> int:
    if not why.strip() or len(why) > LONGEST_REASON:
        raise HeldoutError(
            "entered points need a reason", expected=f"1 to {LONGEST_REASON} characters: -m WHY"
        )
    wanted = [(find_student(session, one.student), _item(file, one), one) for one in entries]
    _check_once(wanted)
    valid = {(row.student_id, row.item): row for row in latest(session, ENTERED)}
    made = [
        _event(student, item, one.points, storable(why), valid.get((student.id, item.name)))
        for student, item, one in wanted
    ]
    new = [(student, row) for (student, *_), row in zip(wanted, made, strict=True) if row is not None]
    for student, row in new:
        row.who, row.at = session.info.get("actor", "course"), now
        session.add(row)
        action = "grade entered" if row.total is not None else "grade taken back"
        note(session, now, action, student.username, item=row.item, points=row.total, reason=row.steps)
    return len(new)


def _event(
    student: StudentRow, item: Item, points: float | None, why: str, valid: GradeEventRow | None
) -> GradeEventRow | None:
    """None where the same is valid already. Raises Refused where there is nothing to take back."""
    before = valid.total if valid else None
    if points is None and before is None:
        raise Refused(f"{student.username!r} has no entered points for {item.name!r} to take back")
    if valid is not None and before == points and valid.steps == why:
        return None
    return GradeEventRow(
        student_id=student.id,
        item=item.name,
        kind=ENTERED,
        raw=points,
        points=points,
        penalty=0.0,
        total=points,
        possible=item.points,
        letter="",
        slack=0.0,
        source=ENTERED,
        data_sha256="",
        steps=why,
    )


def find_student(session: Session, name: str) -> StudentRow:
    """By username or e-mail. Raises NotFound."""
    key = StudentRow.username_key == name_key(name)
    row = session.scalar(select(StudentRow).where(key))
    row = row or session.scalar(select(StudentRow).where(StudentRow.email_key == name.strip().casefold()))
    if row is None:
        raise NotFound(
            f"there is no student {name[:100]!r}",
            expected="a username or an e-mail address",
            next_step="see `heldout roster list`",
        )
    return row


def _item(file: PolicyFile, entry: Entry) -> Item:
    if (item := file.policy.item(entry.item)) is None:
        raise NotFound(
            f"the policy has no item {entry.item[:100]!r}",
            where=file.where,
            expected=f"one of: {', '.join(one.name for one in file.policy.items)}",
        )
    if entry.points is not None and not (math.isfinite(entry.points) and 0 <= entry.points <= MOST):
        raise HeldoutError(f"{entry.points:g} are no points", where=item.name, expected="0 or more")
    return item


def _check_once(wanted: Sequence[tuple[StudentRow, Item, Entry]]) -> None:
    seen: set[tuple[int, str]] = set()
    for student, item, _ in wanted:
        if (student.id, item.name) in seen:
            raise HeldoutError(
                f"{student.username!r} is there twice for {item.name!r}", expected="one line for each"
            )
        seen.add((student.id, item.name))
