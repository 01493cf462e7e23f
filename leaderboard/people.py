"""Teams and students in the ledger. Every function works inside the caller's transaction."""

import difflib
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from grader.errors import HeldoutError, NotFound
from leaderboard.names import clean_name, name_key
from leaderboard.records import RosterChange, Student, Team, TeamKind
from leaderboard.roster import free_username
from leaderboard.tables import EventRow, StaffRow, StudentRow, TeamRow


def note(session: Session, now: datetime, action: str, subject: str, **detail: Any) -> None:
    """Add a line to the audit log; who acts is in the session's `info` (see `Store`)."""
    actor = session.info.get("actor", "course")
    session.add(EventRow(at=now, actor=actor, action=action, subject=subject, detail=detail))


def find_team(session: Session, name: str, *, lock: bool = False, merged: bool = False) -> TeamRow:
    """The team of that name, up to case; of one that was merged, the one that it became part of, unless it is
    asked for. Raises HeldoutError when there is none: with a student's team where it is a username, else with
    close matches.
    """
    query = select(TeamRow).where(TeamRow.name_key == name_key(name))
    team = session.scalar(query.with_for_update(key_share=True) if lock else query)
    if team is not None:
        return team if merged else whole(session, team, lock=lock)
    if (theirs := _team_of(session, name)) is not None:
        raise NotFound(
            f"{name!r} is the username of a student of the team {theirs!r}",
            expected="a team's name",
            next_step=f"use --team {shlex.quote(theirs)}",
        )
    kinds = {row.name: row.kind for row in session.scalars(select(TeamRow))}
    known = {name_key(known): known for known in kinds}
    close = [known[key] for key in difflib.get_close_matches(name_key(name), known, n=3)]
    students = [*kinds.values()].count(TeamKind.STUDENT)
    raise NotFound(
        f"there is no team {name[:100]!r}",
        expected=f"one of the {students} teams of the course"
        if students
        else "a team; the course has none yet",
        next_step=f"did you mean {' or '.join(repr(one) for one in close)}?"
        if close
        else "import the roster with `heldout roster import FILE`",
    )


def whole(session: Session, team: TeamRow, *, lock: bool = False) -> TeamRow:
    """The team that it became part of, however often that was; itself if never.

    Locked so that rows which name it may still be added: a grader adds those, and locks its board first.
    """
    while team.merged_into is not None:
        team = session.get_one(
            TeamRow, team.merged_into, with_for_update={"key_share": True} if lock else None
        )
    return team


def _team_of(session: Session, username: str) -> str | None:
    return session.scalar(
        select(TeamRow.name)
        .join(StudentRow, StudentRow.team_id == TeamRow.id)
        .where(StudentRow.username_key == name_key(username))
    )


def ensure_team(session: Session, name: str, kind: TeamKind, now: datetime) -> TeamRow:
    """The team of that name, made if need be. Raises HeldoutError when it is of another kind."""
    name = clean_name(name, what="the team's name")
    team = session.scalar(select(TeamRow).where(TeamRow.name_key == name_key(name)))
    if team is None:
        team = TeamRow(name=name, name_key=name_key(name), kind=kind, created_at=now)
        session.add(team)
        session.flush()
        note(session, now, "team made", name, kind=kind)
    team = whole(session, team)  # a roster that names the team of before: its student is in the other
    if team.kind is not kind:
        raise HeldoutError(
            f"the team {team.name!r} is a {team.kind} already",
            expected=f"a name that is free for a {kind}",
            next_step="choose another name",
        )
    return team


def members(session: Session) -> Mapping[int, Sequence[str]]:
    """Usernames by team, in the order of the roster."""
    found: dict[int, list[str]] = {}
    query = select(StudentRow.team_id, StudentRow.username).order_by(StudentRow.id)
    for team_id, username in session.connection().execute(query).all():
        found.setdefault(team_id, []).append(username)
    return found


def list_teams(session: Session) -> list[Team]:
    theirs = members(session)
    rows = session.scalars(select(TeamRow).where(TeamRow.merged_into.is_(None)).order_by(TeamRow.name_key))
    return [Team(row.id, row.name, row.kind, tuple(theirs.get(row.id, ()))) for row in rows]


def import_roster(session: Session, students: Sequence[Student], now: datetime) -> RosterChange:
    """Add those who are new and correct names; who is not listed stays. Raises HeldoutError on a conflict."""
    known = {row.email_key: row for row in session.scalars(select(StudentRow).with_for_update())}
    taken = {row.username_key for row in known.values()} | {*session.scalars(select(StaffRow.username_key))}
    replaced: dict[str, str] = {}
    new = changed = 0
    for student in students:
        row = known.get(student.email.casefold())
        if row is None:
            username = _add(session, student, taken, now)
            replaced |= {student.username: username} if username != student.username else {}
            new += 1
        else:
            changed += _update(session, row, student, now)
    listed = {student.email.casefold() for student in students}
    unlisted = tuple(sorted(row.name for key, row in known.items() if key not in listed))
    if new or changed:
        note(session, now, "roster imported", f"{len(students)} students", new=new, changed=changed)
    return RosterChange(new, changed, len(students) - new - changed, unlisted, replaced)


def _add(session: Session, student: Student, taken: set[str], now: datetime) -> str:
    """Returns the username: another than asked for where that is somebody's from an earlier roster."""
    team = ensure_team(session, student.team, TeamKind.STUDENT, now)
    username = student.username
    if name_key(username) in taken:
        username = free_username(student.email, taken)
    taken.add(name_key(username))
    session.add(
        StudentRow(
            name=student.name,
            email=student.email,
            email_key=student.email.casefold(),
            username=username,
            username_key=name_key(username),
            team_id=team.id,
            created_at=now,
        )
    )
    session.flush()
    return username


def _update(session: Session, row: StudentRow, student: Student, now: datetime) -> bool:
    """Take over a corrected name. A lone student's team follows; nobody is moved between teams unasked."""
    team = session.get_one(TeamRow, row.team_id)
    wanted = session.scalar(select(TeamRow).where(TeamRow.name_key == name_key(student.team)))
    is_theirs = wanted is not None and whole(session, wanted).id == team.id
    if row.name == student.name and is_theirs:
        return False
    if not is_theirs:
        _rename_team(session, team, student)
    note(session, now, "student renamed", row.email, before=row.name, after=student.name, team=team.name)
    row.name = student.name
    session.flush()
    return True


def _rename_team(session: Session, team: TeamRow, student: Student) -> None:
    members = session.scalar(select(func.count()).where(StudentRow.team_id == team.id))
    wanted = name_key(student.team)
    if members != 1 or session.scalar(select(TeamRow.id).where(TeamRow.name_key == wanted)) is not None:
        own = wanted == name_key(student.name)
        raise HeldoutError(
            f"{student.name} is in the team {team.name!r}, and the roster "
            + ("gives no other: a team of one's own was assumed" if own else f"says {student.team!r}"),
            where=student.email,
            expected=f"the team {team.name!r}: an import moves nobody from one team to another",
            next_step=f"correct name or e-mail, or put {team.name!r} into a column team"
            if own
            else "correct the roster's team",
        )
    team.name, team.name_key = clean_name(student.team, what="the team's name"), wanted
