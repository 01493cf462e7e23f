"""What the ledger tells: rows become records here, inside the caller's transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, defer

from grader.errors import NotFound, Reason
from grader.report import Estimate, Failure, Resources, Training, Verdict
from grader.spec import Limits, RunKind
from leaderboard import progress
from leaderboard.candidates import COUNTS
from leaderboard.estimates import places
from leaderboard.marking import graded_cells
from leaderboard.people import find_team
from leaderboard.records import Attempt, Estimates, Event, Judging, Showing, State, Submission
from leaderboard.tables import (
    EventRow,
    ItemScoresRow,
    JudgingRow,
    PictureRow,
    ScoreRow,
    SubmissionRow,
    TeamRow,
    WriteUpRow,
)

Found = tuple[SubmissionRow, TeamRow, JudgingRow | None]


def submissions(session: Session, assignment: str, team: str | None, now: datetime) -> list[Submission]:
    """Newest first, without logs. Raises HeldoutError when the team is unknown."""
    query = _known().where(SubmissionRow.assignment == assignment).order_by(SubmissionRow.id.desc())
    if team is not None:
        query = query.where(SubmissionRow.team_id == find_team(session, team).id)
    return _listed(session, query, now)


def everybodys(
    session: Session, slugs: Sequence[str], now: datetime, *, skipped: int, most: int
) -> tuple[list[Submission], int]:
    """A stretch of all submissions to these, newest first, without logs; and how many there are in all."""
    of_these = SubmissionRow.assignment.in_(slugs), SubmissionRow.deleted_at.is_(None)
    count = session.scalar(select(func.count()).select_from(SubmissionRow).where(*of_these)) or 0
    query = _known().where(*of_these).order_by(SubmissionRow.id.desc()).offset(skipped).limit(most)
    return _listed(session, query, now), count


def unfinished(session: Session, now: datetime) -> list[Submission]:
    """What waits or runs, oldest first, without logs."""
    query = _known().where(SubmissionRow.state.in_([State.QUEUED, State.RUNNING]))
    return _listed(session, query.order_by(SubmissionRow.id), now)


def _listed(
    session: Session, query: Select[SubmissionRow, TeamRow, JudgingRow], now: datetime
) -> list[Submission]:
    query = query.options(defer(JudgingRow.log))
    found: list[Found] = [(row, owner, judging) for row, owner, judging in session.execute(query)]
    return _records(session, found, now, logs=False)


def submission(session: Session, ref: int, now: datetime) -> Submission:
    """Raises HeldoutError when there is none of that number."""
    found = session.execute(_known().where(SubmissionRow.id == ref)).one_or_none()
    if found is None:
        raise no_submission(ref)
    row, team, judging = found
    [record] = _records(session, [(row, team, judging)], now, logs=True)
    written = write_up(session, ref)
    if record.judging is not None and record.run_kind is RunKind.NOTEBOOK:
        record = replace(record, judging=replace(record.judging, cells=tuple(graded_cells(session, ref))))
    return replace(record, write_up=written.text if written else "", timeline=timeline(session, ref))


def timeline(session: Session, ref: int) -> tuple[Attempt, ...]:
    """Attempts that have come to an end, oldest first; of those that broke the last line of why."""
    query = select(JudgingRow).where(JudgingRow.submission_id == ref).order_by(JudgingRow.attempt)
    return tuple(
        Attempt(
            row.attempt,
            row.started_at,
            row.recorded_at,
            row.verdict,
            row.holder,
            _fault(row.verdict, row.log),
        )
        for row in session.scalars(query)
    )


def _fault(verdict: Verdict, log: str) -> str:
    written = log.strip().splitlines()
    return written[-1] if verdict is Verdict.GRADER_ERROR and written else ""


def write_up(session: Session, ref: int) -> WriteUpRow | None:
    """The latest that its team wrote."""
    query = select(WriteUpRow).where(WriteUpRow.submission_id == ref)
    return session.scalar(query.order_by(WriteUpRow.id.desc()).limit(1))


def no_submission(ref: int) -> NotFound:
    return NotFound(
        f"there is no submission #{ref}",
        expected="a number from a receipt",
        next_step="see `heldout submissions SLUG`",
    )


def _known() -> Select[SubmissionRow, TeamRow, JudgingRow]:
    return (
        select(SubmissionRow, TeamRow, JudgingRow)
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .outerjoin(JudgingRow, COUNTS)
        .where(SubmissionRow.deleted_at.is_(None))
    )


def _records(session: Session, found: list[Found], now: datetime, *, logs: bool) -> list[Submission]:
    judged = [judging.id for _, _, judging in found if judging is not None]
    public, private = _estimates(session, judged, "public"), _estimates(session, judged, "private")
    queued = places(session, now) if any(row.state is State.QUEUED for row, _, _ in found) else {}
    return [
        Submission(
            ref=row.id,
            assignment=row.assignment,
            team=team.name,
            kind=team.kind,
            file_name=row.file_name,
            description=row.description,
            sha256=row.sha256,
            size=row.size,
            received_at=row.received_at,
            state=row.state,
            attempts=row.attempts,
            run_kind=row.run_kind,
            place=queued.get(row.id),
            progress=progress.read(row),
            judging=_judging(judging, public, private, logs=logs) if judging is not None else None,
            released=bool(row.released),
            selected=row.selected_at is not None,
            withdrawn=row.withdrawn_at is not None,
        )
        for row, team, judging in found
    ]


def _judging(
    row: JudgingRow, public: Mapping[int, Estimates], private: Mapping[int, Estimates], *, logs: bool
) -> Judging:
    log = row.log if logs else ""
    ours = row.verdict is Verdict.GRADER_ERROR
    trainings = _trainings(row, row.traces.get("trainings", []) if logs else [])
    return Judging(
        attempt=row.attempt,
        verdict=row.verdict,
        judged_at=row.recorded_at,
        run_seed=row.run_seed,
        data_sha256=row.data_sha256,
        public=public.get(row.id, {}),
        private=private.get(row.id, {}),
        failure=Failure(Reason(row.reason), row.message) if row.reason else None,
        log="" if ours else log,
        fault=log if ours else "",
        resources=_resources(row),
        texts=dict(row.texts),
        training=trainings[0] if trainings else None,
        further=tuple(trainings[1:]),
        reproduced=row.reproduced,
        same_as=row.same_as,
    )


def _trainings(row: JudgingRow, traces: Sequence[Mapping[str, Any]]) -> list[Training]:
    """In listings without traces; older judgings have them beside the rest."""
    every = [row.training, *row.training.get("further", ())] if row.training else []
    return [_training({**each, **dict(*traces[n : n + 1])}) for n, each in enumerate(every)]


def _training(stored: Mapping[str, Any]) -> Training:
    pairs = {name: tuple(map(tuple, stored.get(name, ()))) for name in ("curve", "beats")}
    return Training(**_known_to(Training, stored) | pairs)


def _resources(row: JudgingRow) -> Resources:
    limits = _known_to(Limits, row.limits)
    return Resources(
        launcher=row.launcher,
        layers=_layers(row.layers),
        wall_seconds=row.wall_seconds,
        cpu_seconds=row.cpu_seconds,
        peak_bytes=row.peak_bytes,
        limits=Limits(**limits) if limits else None,
        killed=row.killed,
        doing=row.doing,
        dropped_bytes=row.dropped_bytes,
        machine=row.machine,
        gpu_seconds=row.gpu_seconds,
    )


def _known_to(kind: type[Limits | Training], stored: Mapping[str, Any]) -> dict[str, Any]:
    """What `kind` has a field for: what another version stored beside it is left out."""
    return {each.name: stored[each.name] for each in fields(kind) if each.name in stored}


def _layers(stored: str) -> tuple[str, ...]:
    """In older judgings spaces separate the layers' names, one of which has a space of its own."""
    if "," not in stored:
        stored = ", ".join(stored.split()).replace("page, cache", "page cache")
    return tuple(stored.split(", ")) if stored else ()


def _estimates(session: Session, judgings: Sequence[int], split: str) -> Mapping[int, Estimates]:
    found: dict[int, dict[str, Estimate]] = {}
    for some in _batches(judgings):
        query = select(ScoreRow).where(ScoreRow.judging_id.in_(some), ScoreRow.split == split)
        for row in session.scalars(query):
            found.setdefault(row.judging_id, {})[row.metric] = Estimate(row.value, row.half_width)
    return found


def _batches(numbers: Sequence[int], size: int = 10_000) -> Iterator[Sequence[int]]:
    """SQLite takes 32,766 values in a statement."""
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def pictures(session: Session, ref: int) -> dict[str, bytes]:
    """Of the judging that counts. Raises HeldoutError when there is no submission of that number."""
    if session.get(SubmissionRow, ref) is None:
        raise no_submission(ref)
    return _pictures(session, [ref]).get(ref, {})


def showings(session: Session, refs: Sequence[int]) -> dict[int, Showing]:
    """Of the judgings that count."""
    found: dict[int, Showing] = {}
    for some in _batches(refs):
        drawn = _pictures(session, some)
        written = session.execute(
            select(SubmissionRow.id, JudgingRow.texts)
            .join(JudgingRow, COUNTS)
            .where(SubmissionRow.id.in_(some), SubmissionRow.deleted_at.is_(None))
        )
        found |= {ref: Showing(drawn.get(ref, {}), texts) for ref, texts in written}
    return found


def _pictures(session: Session, refs: Sequence[int]) -> dict[int, dict[str, bytes]]:
    query = (
        select(SubmissionRow.id, PictureRow.name, PictureRow.png)
        .join(JudgingRow, COUNTS)
        .join(PictureRow, PictureRow.judging_id == JudgingRow.id)
        .where(SubmissionRow.id.in_(refs), SubmissionRow.deleted_at.is_(None))
        .order_by(PictureRow.name)
    )
    found: dict[int, dict[str, bytes]] = {}
    for ref, name, png in session.execute(query):
        found.setdefault(ref, {})[name] = png
    return found


def items(session: Session, ref: int) -> dict[str, bytes]:
    """Per-item scores of the judging that counts: little-endian float32."""
    found = session.execute(
        select(ItemScoresRow.metric, ItemScoresRow.values)
        .join(JudgingRow, JudgingRow.id == ItemScoresRow.judging_id)
        .join(SubmissionRow, COUNTS)
        .where(SubmissionRow.id == ref)
    )
    return dict(found.all())


def counts(session: Session, assignment: str | None) -> dict[State, int]:
    query = select(SubmissionRow.state, func.count()).where(SubmissionRow.deleted_at.is_(None))
    if assignment is not None:
        query = query.where(SubmissionRow.assignment == assignment)
    found = dict(session.execute(query.group_by(SubmissionRow.state)).all())
    return {state: found.get(state, 0) for state in State}


def events(session: Session) -> list[Event]:
    rows = session.scalars(select(EventRow).order_by(EventRow.id))
    return [Event(row.at, row.actor, row.action, row.subject, row.detail) for row in rows]
