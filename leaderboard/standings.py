"""What every team has on every board, kept in the ledger so that reading a board costs what its teams cost.

`restand` works it out anew from a team's own submissions, whenever one of them or a rule changes. A standing
that ends stays, with its times: that is the board's history. All inside the caller's transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from grader.rules import Rules
from grader.spec import BOARDED, Assignment
from leaderboard import counting
from leaderboard.admission import deadline_of
from leaderboard.boards import Board
from leaderboard.candidates import COUNTS, PRIVATE, PUBLIC, Tally, candidates, tallies
from leaderboard.people import note
from leaderboard.records import Candidate, TeamKind
from leaderboard.tables import (
    BoardRow,
    DisqualificationRow,
    ItemScoresRow,
    JudgingRow,
    RegradeItemRow,
    RegradeRow,
    ResampledRow,
    StandingRow,
    SubmissionRow,
    TeamRow,
)

DECISIVE = ("counts", "deadline", "extensions")  # the rules that decide what stands
SOME = 500  # teams worked out together


def on(table: type[StandingRow | SubmissionRow | BoardRow], board: Board) -> ColumnElement[bool]:
    return (table.assignment == board.slug) & (table.run_kind == board.run_kind)


def stored(rules: Rules) -> dict[str, object]:
    return rules.model_dump(mode="json")


def board_row(session: Session, board: Board, now: datetime) -> BoardRow:
    """Locked. Where it was made under other rules than today's, all standings are made anew."""
    row = session.get(BoardRow, (board.slug, board.run_kind), with_for_update=True) or _made(session, board)
    today = stored(board.rules)
    if row.rules != today:
        if row.rules:
            changes = {name: value for name, value in today.items() if row.rules.get(name) != value}
            note(session, now, "rules changed", board.slug, board=str(board.run_kind), **changes)
        moved = not row.rules or any(row.rules.get(name) != today[name] for name in DECISIVE)
        row.rules = today
        if moved:
            restand(session, board, everybody(session, board), now)
    return row


def hold(session: Session, assignment: Assignment, now: datetime) -> None:
    """Lock an assignment's boards, before anything else: who changes them waits here for the others."""
    for run_kind in BOARDED:
        board_row(session, Board(assignment, run_kind), now)


def _made(session: Session, board: Board) -> BoardRow:
    """The new board's row, or the one that another recorder has made at this moment."""
    with suppress(IntegrityError), session.begin_nested():
        session.add(BoardRow(assignment=board.slug, run_kind=board.run_kind, rules={}, ties_stale=True))
    return session.get_one(BoardRow, (board.slug, board.run_kind), with_for_update=True)


def everybody(session: Session, board: Board) -> Sequence[int]:
    """The teams that have submitted to this board."""
    return session.scalars(select(SubmissionRow.team_id).where(on(SubmissionRow, board)).distinct()).all()


def count(session: Session, board: Board) -> int:
    """Teams on the board."""
    standing = (on(StandingRow, board), StandingRow.split == PUBLIC, StandingRow.until.is_(None))
    return session.scalar(select(func.count()).select_from(StandingRow).where(*standing)) or 0


def restand(session: Session, board: Board, teams: Sequence[int], now: datetime) -> None:
    """Bring these teams' standings up to date, public and private.

    A board's own time never goes backwards, whatever the clock does: history would have a team twice.
    """
    latest = session.scalar(select(BoardRow.changed_at).where(on(BoardRow, board)))
    now = max(now, latest or now)
    changed = [
        _restand(session, board, teams[start : start + SOME], now) for start in range(0, len(teams), SOME)
    ]
    if any(changed):
        session.execute(update(BoardRow).where(on(BoardRow, board)).values(ties_stale=True, changed_at=now))


def _restand(session: Session, board: Board, teams: Sequence[int], now: datetime) -> bool:
    session.flush()
    found, counts = candidates(session, board, teams), tallies(session, board, teams)
    barred, present = set(session.scalars(_barred(board))), _present(session, board, teams)
    changed = False
    for team in session.scalars(select(TeamRow).where(TeamRow.id.in_(teams))):
        own = found.get(team.id, [])
        deadline = deadline_of(session, team, board.slug, board.rules)
        stands = _chosen(board, own if team.id not in barred else [], deadline)
        for split, candidate in stands.items():
            new = None
            if candidate is not None:
                new = _standing(board, team.id, split, candidate, counts[team.id], now)
            changed |= _replace(session, present.get((team.id, split)), new, now)
        if team.kind is TeamKind.STUDENT:
            mine = [replace(one, withdrawn=False) for one in own]  # it may come back, as a barred team may
            may_stand = _chosen(board, mine, deadline).values()
            kept = [*stands.values(), *may_stand, *(one for one in own if one.selected)]
            _forget_items(session, board, team.id, kept)
    return changed


def _chosen(
    board: Board, own: Sequence[Candidate], deadline: datetime | None
) -> Mapping[str, Candidate | None]:
    counted = counting.eligible(own, deadline)
    return {
        PUBLIC: counting.on_public(counted, board.sign),
        PRIVATE: counting.on_private(counted, board.rules, board.sign),
    }


def _standing(
    board: Board, team_id: int, split: str, candidate: Candidate, tally: Tally, now: datetime
) -> StandingRow:
    estimate = candidate.public if split == PUBLIC else candidate.private
    return StandingRow(
        assignment=board.slug,
        run_kind=board.run_kind,
        split=split,
        team_id=team_id,
        since=now,
        submission_id=candidate.ref,
        judging_id=candidate.judging_id,
        score=estimate.value,
        half_width=estimate.half_width,
        received_at=candidate.received_at,
        entries=tally[0],
        last_at=tally[1],
        badges=",".join(candidate.badges),
        spread=candidate.spread.get(split),
    )


def _replace(session: Session, old: StandingRow | None, new: StandingRow | None, now: datetime) -> bool:
    """End the old standing and begin the new one, if they differ; True then."""
    if old is not None and new is not None and _told(old) == _told(new):
        old.entries, old.last_at = new.entries, new.last_at
        return False
    if old is not None:
        old.until = now
    if new is not None:
        session.add(new)
    return old is not new


def _told(row: StandingRow) -> tuple[int, float, float, str]:
    return row.judging_id, row.score, row.half_width, row.badges


def _barred(board: Board) -> Select[int]:
    return select(DisqualificationRow.team_id).where(
        DisqualificationRow.assignment == board.slug, DisqualificationRow.lifted_at.is_(None)
    )


def _present(session: Session, board: Board, teams: Sequence[int]) -> Mapping[tuple[int, str], StandingRow]:
    query = select(StandingRow).where(
        on(StandingRow, board), StandingRow.until.is_(None), StandingRow.team_id.in_(teams)
    )
    return {(row.team_id, row.split): row for row in session.scalars(query)}


def _forget_items(session: Session, board: Board, team_id: int, stands: Iterable[Candidate | None]) -> None:
    """Per-item scores are kept for what stands or is selected, the latest, and what is being regraded."""
    theirs = (
        select(JudgingRow.id)
        .join(SubmissionRow, SubmissionRow.id == JudgingRow.submission_id)
        .where(on(SubmissionRow, board), SubmissionRow.team_id == team_id)
    )
    latest = session.scalar(
        select(func.max(JudgingRow.id))
        .join(SubmissionRow, COUNTS)
        .where(on(SubmissionRow, board), SubmissionRow.team_id == team_id)
    )
    regraded = (
        select(RegradeItemRow.judging_id)
        .join(RegradeRow, RegradeRow.id == RegradeItemRow.regrade_id)
        .where(RegradeRow.state == "open", RegradeItemRow.judging_id.is_not(None))
    )
    kept = {one.judging_id for one in stands if one} | {latest}
    for table in (ItemScoresRow, ResampledRow):
        session.execute(
            delete(table).where(
                table.judging_id.in_(theirs), table.judging_id.not_in(kept), table.judging_id.not_in(regraded)
            )
        )
