"""What has changed since one last looked, cheaply: a fingerprint for each thing that a page may show.

None comes back as it was: who looks once a second must hear of what began and ended in between.
"""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from grader.outline import RunKind
from leaderboard.records import State
from leaderboard.tables import BoardRow, EventRow, GraderRow, JudgingRow, PauseRow, SubmissionRow, TeamRow

QUEUE, EVENTS = "queue", "events"
LATELY = 200  # judgings that leave their mark: more than are brought in between two looks


def of_submission(ref: int) -> str:
    return f"submission {ref}"


def of_board(slug: str, run_kind: RunKind) -> str:
    return f"board {slug} {run_kind}"


def of_team(name: str) -> str:
    return f"team {name}"


def fingerprints(session: Session) -> Mapping[str, str]:
    """By topic. A submission has one while it waits or runs, and for a while after; a team while one of its
    own has; that there is none any more is news, too. Of others they change with the queue alone: gradings
    speak every second.
    """
    judged = _judged_lately(session)
    rows = session.execute(
        select(
            SubmissionRow.id, TeamRow.name, SubmissionRow.state, SubmissionRow.attempts, SubmissionRow.told_at
        )
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .where(SubmissionRow.state.in_([State.QUEUED, State.RUNNING]))
        .order_by(SubmissionRow.id)
    ).all()
    queue = str(hash(tuple((ref, state) for ref, _, state, _, _ in rows)))
    found: dict[str, str] = {}
    for ref, team, state, attempts, told_at in rows:
        own = f"{ref} {attempts} {told_at if state is State.RUNNING else queue}"
        _add(found, ref, team, own)
    for number, ref, team in judged:
        _add(found, ref, team, f"judged {number}")
    for board in session.scalars(select(BoardRow)):
        told = f"{board.changed_at} {board.revealed_at} {board.ties_stale}"  # ties come later
        found[of_board(board.assignment, board.run_kind)] = told
    asked = select(GraderRow.holder, GraderRow.slots, GraderRow.draining_at).order_by(GraderRow.holder)
    graders = tuple(map(tuple, session.execute(asked)))
    found[EVENTS] = str(session.scalar(select(func.max(EventRow.id))))
    paused = tuple(
        session.scalars(select(PauseRow.id).where(PauseRow.ended_at.is_(None)).order_by(PauseRow.id))
    )
    newest = (*judged[:1], found[EVENTS])
    found[QUEUE] = str(hash((queue, tuple(told_at for *_, told_at in rows), graders, paused, newest)))
    return found


def _judged_lately(session: Session) -> list[tuple[int, int, str]]:
    """Judging, submission and team, the newest first."""
    asked = (
        select(JudgingRow.id, SubmissionRow.id, TeamRow.name)
        .join(SubmissionRow, SubmissionRow.id == JudgingRow.submission_id)
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .order_by(JudgingRow.id.desc())
        .limit(LATELY)
    )
    return [(number, ref, team) for number, ref, team in session.execute(asked)]


def _add(found: dict[str, str], ref: int, team: str, mark: str) -> None:
    for topic in (of_submission(ref), of_team(team)):
        found[topic] = f"{found.get(topic, '')} {mark}"
