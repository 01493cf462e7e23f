"""What teams write about their submissions, one method and one transaction each."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from grader.errors import HeldoutError, Refused
from grader.spec import Assignment
from leaderboard import rulings, views
from leaderboard.activity import LONGEST_WRITE_UP, WriteUp
from leaderboard.database import Clock, Database
from leaderboard.people import find_team, note
from leaderboard.plain import storable
from leaderboard.records import State
from leaderboard.tables import DisqualificationRow, SubmissionRow, TeamRow, WriteUpRow

MOST_TEXTS = 100  # of one submission, all of which are kept


class WriteUps:
    """A part of `Store`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def write(self, ref: int, text: str, *, team: str) -> WriteUp:
        """What `team` writes about its scored submission, in place of what it wrote before; empty: nothing.

        Raises NotFound; Refused where it is another's, not scored or withdrawn; HeldoutError when too long.
        """
        with self._database.writing() as session:
            return _write(session, ref, text, team, self._clock())

    def told(self, slug: str) -> list[WriteUp]:
        """The latest of each submission that is scored and not withdrawn, newest first.

        Those of disqualified teams are left out, like their scores.
        """
        with self._database.reading() as session:
            return _told(session, slug)

    def open_to_class(self, assignment: Assignment) -> bool:
        """Whether everybody may read them: nobody of the course may hand in any more, or a private board is
        revealed.
        """
        with self._database.reading() as session:
            return rulings.is_over(session, assignment, self._clock())


def _write(session: Session, ref: int, text: str, team: str, now: datetime) -> WriteUp:
    text = storable(text).strip()
    if len(text) > LONGEST_WRITE_UP:
        raise HeldoutError(
            f"the write-up has {len(text):,} characters",
            expected=f"at most {LONGEST_WRITE_UP:,}",
            next_step="shorten it",
        )
    row, owner = rulings.find(session, ref, lock=True), find_team(session, team)
    _check(row, owner)
    latest = views.write_up(session, ref)
    if text != (latest.text if latest else ""):
        _check_count(session, ref)
        latest = WriteUpRow(submission_id=ref, text=text, written_at=now)
        session.add(latest)
        note(session, now, "write-up written", f"#{ref}", team=owner.name, characters=len(text))
    return WriteUp(ref, owner.name, text, latest.written_at if latest else now, row.run_kind)


def _check(row: SubmissionRow, owner: TeamRow) -> None:
    if row.team_id != owner.id:
        raise Refused(f"#{row.id} is not of the team {owner.name!r}", expected="a submission of its own")
    if row.state is not State.SCORED or row.withdrawn_at is not None:
        what = "withdrawn" if row.withdrawn_at else str(row.state)
        raise Refused(f"#{row.id} is {what}: there is nothing to write about", expected="a scored submission")


def _check_count(session: Session, ref: int) -> None:
    """Each is kept: whoever saves at every keystroke fills the disk."""
    count = session.scalar(select(func.count()).where(WriteUpRow.submission_id == ref)) or 0
    if count >= MOST_TEXTS:
        raise Refused(f"the write-up of #{ref} was changed {count} times", expected=f"at most {MOST_TEXTS}")


def _told(session: Session, slug: str) -> list[WriteUp]:
    barred = select(DisqualificationRow.team_id).where(
        DisqualificationRow.assignment == slug, DisqualificationRow.lifted_at.is_(None)
    )
    latest = select(func.max(WriteUpRow.id)).group_by(WriteUpRow.submission_id)
    query = (
        select(WriteUpRow, SubmissionRow, TeamRow)
        .join(SubmissionRow, SubmissionRow.id == WriteUpRow.submission_id)
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .where(WriteUpRow.id.in_(latest), WriteUpRow.text != "")
        .where(SubmissionRow.assignment == slug, SubmissionRow.state == State.SCORED)
        .where(SubmissionRow.withdrawn_at.is_(None), SubmissionRow.deleted_at.is_(None))
        .where(TeamRow.id.not_in(barred))
        .order_by(WriteUpRow.id.desc())
    )
    return [
        WriteUp(row.id, team.name, written.text, written.written_at, row.run_kind)
        for written, row, team in session.execute(query)
    ]
