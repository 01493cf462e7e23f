"""What a board and a submission cost in a large course, on SQLite and PostgreSQL, on a disk.

`submit` is the ledger's share: that the archive is checked and kept before is left out.
"""

import gc
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import psycopg
from sqlalchemy import func, select

from benchmarks import postgresql
from benchmarks.filling import Filling, sha256s
from benchmarks.large import (
    ASSIGNMENT,
    DATA,
    ITEMS,
    NOW,
    PUBLIC_ITEMS,
    REPETITIONS,
    RULES,
    SPLITS,
    TEAMS,
)
from benchmarks.record import Row, at_most
from benchmarks.sinks import fill
from grader.report import Estimate, Job, Report, Resources, Verdict
from grader.spec import RunKind
from leaderboard import snapshots, standings
from leaderboard.boards import Board
from leaderboard.database import Database
from leaderboard.reading import board
from leaderboard.store import Store
from leaderboard.tables import BoardRow, ItemScoresRow, JudgingRow, ResampledRow, StandingRow, SubmissionRow

MANY, FEW = 1_000_000, 30_000
TIMES = 100
BOARD = Board(ASSIGNMENT, RunKind.EVALUATE)
Seconds = Sequence[float]
Costs = dict[str, float]  # medians, ms


@dataclass
class Clock:
    """A second passes between any two looks at it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Bench:
    """One filled ledger, and a bare database beside it."""

    url: str
    bare: Callable[[], object]  # commits one row
    clock: Clock = field(default_factory=Clock)
    graded: list[int] = field(default_factory=list)  # submissions whose scores the store recorded

    def __post_init__(self) -> None:
        os.sync()  # what was filled in is on the disk, and no later commit pays for it
        gc.collect()
        gc.freeze()  # as a server does when it is up: what filled the ledger is not looked through again
        self.database = Database(self.url)
        self.store = Store(self.database, clock=self.clock, assignments=lambda slug: ASSIGNMENT)

    def close(self) -> None:
        self.store.close()

    # ---------------------------------------------------------------- what is measured

    def ties(self) -> float:
        """Of both splits, once."""
        with self.database.reading() as session:
            return timed(lambda: snapshots.find_ties(session, BOARD))

    def board(self, *, private: bool) -> Seconds:
        return repeated(lambda: board(self.store, ASSIGNMENT, private=private))

    def submit(self) -> tuple[Seconds, Seconds]:
        """One submission each of many teams, and bare commits; by turns, for disks have moods."""
        teams = np.random.default_rng(6).permutation(TEAMS)[: 2 * TIMES] + 1
        digests = sha256s(teams, f"submitted at {self.clock.now}")
        ours, bare = [], []
        for team, sha256 in zip(teams.tolist(), digests, strict=True):
            ours.append(timed(partial(self.receive, f"Team {team:04d}", sha256)))
            bare.append(timed(self.bare))
        return ours, bare

    def receive(self, team: str, sha256: str) -> None:
        self.store.receive(
            team, ASSIGNMENT.slug, sha256=sha256, size=1_000_000, file_name="submission.zip", rules=RULES
        )

    def grade(self) -> tuple[Seconds, Seconds]:
        """Claims, and records of scores that stand from then on."""
        jobs: list[Job] = []
        claims, records = [], []
        for number in range(TIMES):
            report = better(number)
            claims.append(timed(lambda: jobs.append(self.claim())))
            records.append(timed(partial(self.record, jobs[-1], report)))
        return claims, records

    def claim(self) -> Job:
        job = self.store.claim("grader-1", 600.0)
        assert job is not None
        return job

    def record(self, job: Job, report: Report) -> None:
        assert self.store.record(job, report)
        self.graded.append(job.ref)

    # ---------------------------------------------------------------- what must hold

    def check(self) -> None:
        """What was filled in is what the store would have made."""
        teams = np.random.default_rng(7).permutation(TEAMS)[:50] + 1
        before = self.standings(teams.tolist())
        with self.database.writing() as session:
            standings.restand(session, BOARD, teams.tolist(), self.clock())
            row = session.get_one(BoardRow, (BOARD.slug, BOARD.run_kind))
            assert not row.ties_stale, "standings were made anew"
        assert self.standings(teams.tolist()) == before
        assert self.kept(teams.tolist()) <= 2

    def standings(self, teams: Sequence[int]) -> list[tuple[object, ...]]:
        query = select(*StandingRow.__table__.columns).where(StandingRow.team_id.in_(teams)).order_by("id")
        with self.database.reading() as session:
            return [tuple(row) for row in session.execute(query)]

    def teams_graded(self) -> list[int]:
        query = select(SubmissionRow.team_id).where(SubmissionRow.id.in_(self.graded)).distinct()
        with self.database.reading() as session:
            return list(session.scalars(query))

    def kept(self, teams: Sequence[int]) -> float:
        """Vectors a team: the larger of items of a metric and resamples of a split."""
        owned = select(JudgingRow.id).join(SubmissionRow, SubmissionRow.id == JudgingRow.submission_id)
        theirs = owned.where(SubmissionRow.team_id.in_(teams))
        with self.database.reading() as session:
            counted = [
                session.scalar(select(func.count()).select_from(table).where(table.judging_id.in_(theirs)))
                or 0
                for table in (ItemScoresRow, ResampledRow)
            ]
        items, resampled = counted
        return max(items, resampled / len(SPLITS)) / len(teams)


def better(number: int) -> Report:
    """Better than any before, so that it is released."""
    rng = np.random.default_rng(number)
    items = rng.normal(40.0 + number / 100, 3.0, ITEMS).astype(np.float32)
    found = {"psnr": Estimate(float(items.mean()), 0.06), "ssim": Estimate(0.9, 0.01)}
    means = (items.mean() + rng.normal(0.0, 0.06, REPETITIONS)).astype(np.float32)
    return Report(
        Verdict.SCORED,
        run_seed=number,
        data_sha256=DATA,
        public=found,
        private=found,
        items={"psnr": items},
        losses=-items[:PUBLIC_ITEMS],
        resampled=dict.fromkeys(SPLITS, means),
        resources=Resources("zygote", ("namespaces",), 1.5, 2.5, 1 << 30),
    )


# ---------------------------------------------------------------- time


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def repeated(act: Callable[[], object]) -> Seconds:
    act()
    return [timed(act) for _ in range(TIMES)]


def median(seconds: Seconds) -> float:
    return 1e3 * float(np.median(seconds))


def p95(seconds: Seconds) -> float:
    return 1e3 * float(np.quantile(seconds, 0.95))


# ---------------------------------------------------------------- databases


@contextmanager
def on_sqlite(submissions: int) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="heldout-ledger-") as name:
        url, path = f"sqlite:///{name}/ledger.db", Path(name, "bare.db")
        fill(url, Filling(submissions))
        with closing(sqlite3.connect(path, isolation_level=None)) as bare:
            for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE t (n)"):
                bare.execute(statement)
            with closing(Bench(url, lambda: bare.execute("INSERT INTO t VALUES (1)"))) as bench:
                yield bench


@contextmanager
def on_postgresql(folder: Path, submissions: int) -> Iterator[Bench]:
    name = f"course_{submissions}"
    url, bare_url = postgresql.make(folder, name), postgresql.make(folder, f"bare_{submissions}")
    fill(url, Filling(submissions))
    with closing(psycopg.connect(bare_url, autocommit=True)) as bare:
        bare.execute("CREATE TABLE t (n integer)")
        with closing(Bench(url, lambda: bare.execute("INSERT INTO t VALUES (1)"))) as bench:
            yield bench


# ---------------------------------------------------------------- rows


def measure() -> list[Row]:
    rows = compared("SQLite", on_sqlite)
    programs = postgresql.programs()
    if programs is None:
        return [*rows, Row("PostgreSQL: not installed here", 0, "")]
    with postgresql.server(programs) as folder:
        return [*rows, *compared("PostgreSQL", lambda submissions: on_postgresql(folder, submissions))]


def compared(name: str, opened: Callable[[int], AbstractContextManager[Bench]]) -> list[Row]:
    """With many submissions, then with few of as many teams: what grows with what."""
    with opened(MANY) as bench:
        rows, many = measured(name, bench)
    with opened(FEW) as bench:
        few = costs(bench)
    return rows + [
        at_most(f"{name}: {what} with {MANY:,} submissions / with {FEW:,}", many[what] / few[what], "×", 1.5)
        for what in many
    ]


def measured(name: str, bench: Bench) -> tuple[list[Row], Costs]:
    rows = [Row(f"{name}: tie groups of {TEAMS:,} teams, both boards", bench.ties(), "s")]
    bench.check()
    public, private = bench.board(private=False), bench.board(private=True)
    submit, bare = bench.submit()
    past = [timed(lambda: board(bench.store, ASSIGNMENT, at=NOW - timedelta(days=7))) for _ in range(5)]
    claim, record = bench.grade()
    again = timed(lambda: board(bench.store, ASSIGNMENT))
    kept = bench.kept(bench.teams_graded())  # the store's doing, not the filling's
    rows += [
        at_most(f"{name}: public board, p95", p95(public), "ms", 50),
        at_most(f"{name}: private board, p95", p95(private), "ms", 50),
        *spread(f"{name}: submit", submit),
        *spread(f"{name}: a bare commit of one row", bare),
        at_most(f"{name}: submit / a bare commit", median(submit) / median(bare), "×", 20),
        *spread(f"{name}: claim, {TEAMS:,} teams waiting", claim),
        *spread(f"{name}: record a score that stands", record),
        Row(f"{name}: board as it stood a week ago, median", median(past), "ms"),
        Row(f"{name}: board after scores moved", again, "s"),
        at_most(f"{name}: per-item vectors kept, of a metric or split and team", kept, "", 2),
    ]
    return rows, {"board": median(public), "submit": median(submit)}


def costs(bench: Bench) -> Costs:
    return {"board": median(bench.board(private=False)), "submit": median(bench.submit()[0])}


def spread(name: str, seconds: Seconds) -> list[Row]:
    return [Row(f"{name}, median", median(seconds), "ms"), Row(f"{name}, p95", p95(seconds), "ms")]
