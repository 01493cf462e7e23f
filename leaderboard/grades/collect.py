"""The facts that grades are computed from, read from the ledger inside the caller's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from grader.errors import HeldoutError
from grader.spec import RunKind
from leaderboard import counting
from leaderboard.boards import Board
from leaderboard.candidates import COUNTS, PUBLIC, candidates, judged
from leaderboard.grades.facts import Attempt, Entered, Facts, NotebookPoints, Notebooks, Pupil, Work
from leaderboard.grades.policy import GivenItem, NotebookItem, ScoreItem
from leaderboard.grades.tables import GradeEventRow
from leaderboard.grades.terms import Terms
from leaderboard.names import name_key
from leaderboard.records import Candidate, State
from leaderboard.standings import SOME
from leaderboard.tables import (
    DisqualificationRow,
    ExtensionRow,
    JudgingRow,
    ScoreRow,
    StudentRow,
    SubmissionRow,
    TeamRow,
    TiesRow,
)

Handed = Mapping[str, Sequence[NotebookPoints]]  # by assignment
Deadlines = Mapping[str, datetime | None]  # by team


def ask(terms: Iterable[Terms], notebooks: Notebooks | None) -> Handed:
    """What notebooks earned, before a transaction begins. Raises HeldoutError where nobody knows."""
    slugs = {one.item.assignment for one in terms if isinstance(one.item, NotebookItem)}
    if slugs and notebooks is None:
        raise HeldoutError(
            f"nobody knows of notebooks for {', '.join(sorted(slugs))}",
            expected="a course whose notebooks are graded here",
            next_step="make these items given ones, and enter their points",
        )
    return {slug: notebooks.points(slug) for slug in sorted(slugs)} if notebooks else {}


def collect(session: Session, terms: Sequence[Terms], handed: Handed) -> Facts:
    pupils = list_pupils(session)
    entered = _entered(session, pupils)
    by_item = {one.item.name: _work(session, one, handed, _teams(pupils)) for one in terms}
    work = {
        pupil.username: {item: found[pupil.team] for item, found in by_item.items() if pupil.team in found}
        for pupil in pupils
    }
    edges = {one.item.name: found for one in terms if (found := _edges(session, one)) is not None}
    return Facts(pupils, work, entered, edges)


def list_pupils(session: Session) -> list[Pupil]:
    """In the order of their names."""
    query = select(StudentRow, TeamRow.name).join(TeamRow, TeamRow.id == StudentRow.team_id)
    found = [Pupil(row.id, row.username, row.name, row.email, team) for row, team in session.execute(query)]
    return sorted(found, key=lambda one: (name_key(one.name), one.username))


def _teams(pupils: Iterable[Pupil]) -> Mapping[str, list[str]]:
    """Usernames by team."""
    found: dict[str, list[str]] = {}
    for pupil in pupils:
        found.setdefault(pupil.team, []).append(pupil.username)
    return found


def _entered(session: Session, pupils: Iterable[Pupil]) -> Mapping[str, Mapping[str, Entered]]:
    usernames = {pupil.student_id: pupil.username for pupil in pupils}
    found: dict[str, dict[str, Entered]] = {}
    for row in latest(session, "entered"):
        if row.total is not None:
            entry = Entered(row.total, row.who, row.at, row.steps)
            found.setdefault(usernames[row.student_id], {})[row.item] = entry
    return found


def latest(session: Session, kind: str, student_id: int | None = None) -> Sequence[GradeEventRow]:
    """The valid event of each student's each item."""
    newest = select(func.max(GradeEventRow.id)).where(GradeEventRow.kind == kind)
    if student_id is not None:
        newest = newest.where(GradeEventRow.student_id == student_id)
    newest = newest.group_by(GradeEventRow.student_id, GradeEventRow.item)
    return session.scalars(select(GradeEventRow).where(GradeEventRow.id.in_(newest))).all()


# ---------------------------------------------------------------- work


def _work(
    session: Session, terms: Terms, handed: Handed, teams: Mapping[str, Sequence[str]]
) -> Mapping[str, Work]:
    """By team."""
    item = terms.item
    if isinstance(item, GivenItem):
        return {}
    due = _deadlines(session, terms, teams)
    if isinstance(item, NotebookItem):
        return _notebooks(terms, handed[item.assignment], due, teams)
    return _scores(session, terms, item, due)


def _deadlines(session: Session, terms: Terms, teams: Mapping[str, Sequence[str]]) -> Deadlines:
    """The latest that any member has, as on the board; an item's own deadline moves by extensions, too."""
    item, assignment = terms.item, terms.assignment
    assert assignment is not None
    assert not isinstance(item, GivenItem)
    rules = assignment.rules.model_copy(update={"deadline": item.deadline or assignment.rules.deadline})
    query = (
        select(StudentRow.username, ExtensionRow.until)
        .join(ExtensionRow, ExtensionRow.student_id == StudentRow.id)
        .where(ExtensionRow.assignment == assignment.slug)
    )
    granted = dict(session.execute(query).all())
    return {
        team: rules.deadline_of(
            names, max((granted[name] for name in names if name in granted), default=None)
        )
        for team, names in teams.items()
    }


def _notebooks(
    terms: Terms, handed: Sequence[NotebookPoints], due: Deadlines, teams: Collection[str]
) -> Mapping[str, Work]:
    keys = {name_key(team): team for team in teams}
    found: dict[str, list[NotebookPoints]] = {}
    for one in sorted(handed, key=lambda one: (one.received_at, one.ref)):
        if (team := keys.get(name_key(one.team))) is not None:
            found.setdefault(team, []).append(one)
    return {
        team: Work(_best_so_far(own), due[team], _early_notebook(terms, own)) for team, own in found.items()
    }


def _best_so_far(own: Iterable[NotebookPoints]) -> tuple[Attempt, ...]:
    found: list[Attempt] = []
    for one in own:
        part = min(1.0, max(0.0, one.points / one.possible)) if one.possible else 0.0
        if not found or part > found[-1].score:
            found.append(Attempt(one.ref, part, one.received_at, None, one.source_sha256, one.pending))
    return tuple(found)


def _early_notebook(terms: Terms, own: Iterable[NotebookPoints]) -> bool:
    rule = terms.item.early if isinstance(terms.item, NotebookItem) else None
    least = terms.least if terms.least is not None else float("-inf")
    return rule is None or any(
        one.received_at <= rule.by and one.points >= least * one.possible for one in own
    )


def _scores(session: Session, terms: Terms, item: ScoreItem, due: Deadlines) -> Mapping[str, Work]:
    assert terms.assignment is not None
    board = Board(terms.assignment, RunKind(item.run_kind))
    names = {
        team_id: name for team_id, name in session.execute(select(TeamRow.id, TeamRow.name)) if name in due
    }
    barred = set(
        session.scalars(
            select(DisqualificationRow.team_id).where(
                DisqualificationRow.assignment == board.slug, DisqualificationRow.lifted_at.is_(None)
            )
        )
    )
    early = _early(session, board, terms, item)
    ids = [team_id for team_id in names if team_id not in barred]
    found = {}
    for start in range(0, len(ids), SOME):
        for team_id, own in candidates(session, board, ids[start : start + SOME]).items():
            deadline = due[names[team_id]]
            attempts = _attempts(board, own, deadline, item.split)
            found[names[team_id]] = Work(attempts, deadline, early is None or team_id in early)
    return _with_data(session, found)


def _attempts(
    board: Board, own: Sequence[Candidate], deadline: datetime | None, split: str
) -> tuple[Attempt, ...]:
    """What stands, and what would stand had the deadline been each later submission's own time."""
    later = [one.received_at for one in own if deadline is not None and one.received_at > deadline]
    found: dict[int, Attempt] = {}
    for cutoff in (deadline, *later):
        counted = counting.eligible(own, cutoff)
        stands = (
            counting.on_public(counted, board.sign)
            if split == PUBLIC
            else counting.on_private(counted, board.rules, board.sign)
        )
        if stands is not None:
            value = (stands.public if split == PUBLIC else stands.private).value
            found.setdefault(stands.ref, Attempt(stands.ref, value, stands.received_at, stands.judging_id))
    return tuple(found.values())


def _with_data(session: Session, found: Mapping[str, Work]) -> Mapping[str, Work]:
    """Each attempt with the version of the data that it was judged on."""
    ids = sorted({one.judging_id for work in found.values() for one in work.attempts if one.judging_id})
    versions: dict[int, str] = {}
    for start in range(0, len(ids), SOME):
        some = JudgingRow.id.in_(ids[start : start + SOME])
        query = select(JudgingRow.id, JudgingRow.data_sha256).where(some)
        versions |= dict(session.execute(query).all())
    return {
        team: replace(
            work,
            attempts=tuple(
                replace(one, data_sha256=versions.get(one.judging_id or 0, "")) for one in work.attempts
            ),
        )
        for team, work in found.items()
    }


def _early(session: Session, board: Board, terms: Terms, item: ScoreItem) -> set[int] | None:
    """The teams that meet the early rule, by any submission that was scored; None where there is no rule."""
    if item.early is None:
        return None
    query = (
        select(SubmissionRow.team_id, ScoreRow.value)
        .join(JudgingRow, COUNTS)
        .join(ScoreRow, ScoreRow.judging_id == JudgingRow.id)
        .where(judged(board), SubmissionRow.state == State.SCORED, SubmissionRow.withdrawn_at.is_(None))
        .where(ScoreRow.split == item.split, ScoreRow.metric == board.assignment.metric.name)
        .where(SubmissionRow.received_at <= item.early.by, JudgingRow.same_as == "")
    )
    least = terms.least
    return {team for team, value in session.execute(query) if least is None or terms.gain(value) >= least}


def _edges(session: Session, terms: Terms) -> Sequence[float] | None:
    item = terms.item
    if not isinstance(item, ScoreItem) or item.bonus is None or not item.bonus.ranks:
        return None
    of_board = (
        TiesRow.assignment == item.assignment,
        TiesRow.run_kind == item.run_kind,
        TiesRow.split == item.split,
    )
    return session.scalar(select(TiesRow.edges).where(*of_board).order_by(TiesRow.at.desc()).limit(1))
