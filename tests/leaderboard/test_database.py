"""The schema's history, and what a person reads when a database is not as it should be."""

import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import IntegrityError

from grader.errors import HeldoutError
from grader.report import Training, Verdict
from leaderboard import database as databases
from leaderboard.database import HEAD, MIGRATIONS, Database
from leaderboard.records import TeamKind
from leaderboard.store import Store
from leaderboard.tables import Base, JudgingRow, ScoreRow, SubmissionRow
from tests.leaderboard.cases import ADA, BOB, RESOURCES, TRAINING, failed, judge, scored, send, take, told
from tests.leaderboard.conftest import Clock

HOME = Path(__file__).resolve().parents[2]


# ---------------------------------------------------------------- migrations


def test_migrations_make_what_the_tables_say(url: str) -> None:
    with closing(Database(url)) as database, database.connection() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_an_empty_database_is_migrated(postgresql: Callable[[], str], tmp_path: Path) -> None:
    for url in (postgresql(), f"sqlite:///{tmp_path / 'new.db'}"):
        Store.create(url).close()
        with Store.open(url) as store:
            assert store.teams() == []


def test_the_constant_names_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD
    assert databases.is_known(HEAD)


def test_creating_again_keeps_what_is_there(url: str) -> None:
    with Store.open(url) as store:
        send(store)
    with Store.create(url) as store:
        assert len(store.submissions("denoising")) == 1


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    Store.create(f"sqlite:///{tmp_path / 'new.db'}").close()
    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600


def test_opening_imports_no_migrations(sqlite_url: str) -> None:
    code = f"""
        import sys
        from leaderboard.store import Store
        Store.open({sqlite_url!r}).close()
        print('alembic' in sys.modules)
    """
    printed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, cwd=HOME, check=True
    )
    assert printed.stdout == "False\n"


def test_records_rosters_and_rankings_do_without_a_database() -> None:
    code = (
        "import sys, leaderboard.records, leaderboard.roster, leaderboard.ranking, leaderboard.render;"
        "import leaderboard.membership, leaderboard.activity, leaderboard.people_listing;"
        "print('sqlalchemy' in sys.modules or 'numpy' in sys.modules)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=HOME, check=True
    )
    assert printed.stdout == "False\n"


# ---------------------------------------------------------------- the wrong database


def test_a_missing_database_is_not_made_by_opening(tmp_path: Path) -> None:
    with pytest.raises(HeldoutError, match="the course database is missing"):
        Store.open(f"sqlite:///{tmp_path / 'none.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_text("certainly not a database, but long enough to look at" * 100)
    with pytest.raises(HeldoutError, match="is no database"):
        Store.open(f"sqlite:///{tmp_path / 'no.db'}")


def test_a_database_of_something_else(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "other.db").close()
    (tmp_path / "other.db").touch()
    with pytest.raises(HeldoutError, match="is not a course's"):
        Store.open(f"sqlite:///{tmp_path / 'other.db'}")


def test_a_course_from_a_newer_version(url: str) -> None:
    with closing(Database(url)) as database, database.connection() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'r9999'"))
    for door in (Store.open, Store.create):
        with pytest.raises(HeldoutError, match="from a newer version") as raised:
            door(url)
        assert "r9999" in raised.value.where
        assert HEAD in raised.value.expected
        assert "upgrade Heldout" in raised.value.next_step


def test_a_course_from_an_older_version(sqlite_url: str) -> None:
    with (
        closing(Database(sqlite_url)) as database,
        pytest.raises(HeldoutError, match="from an older version") as raised,
    ):
        databases.check_revision(database, head="r9999")
    assert "heldout course init" in raised.value.next_step


OPERATED = ("machine", "gpu_seconds", "reproduced", *("traces", "training_seconds", "training_wall_seconds"))
ADDED = {
    "judgings": ("limits", "killed", "doing", "dropped_bytes", "training", "texts", "same_as", *OPERATED),
    "submissions": (
        *("judged_at", "released", "selected_at", "withdrawn_at", "starter"),
        *("phase", "phase_done", "phase_total", "log_tail", "told_at"),
    ),
    "teams": ("merged_into",),
}
LATER = [
    "reproductions",
    "pauses",
    "grade_events",
    "grade_runs",
    "grade_policies",
    "marks",
    "notebooks",
    "graders",
    "write_ups",
    "tokens",
    "staff",
    "regrade_items",
    "regrades",
    "disqualifications",
    "extensions",
    "rungs",
    "ties",
    "standings",
    "boards",
    "resampled",
]


def _as_first(connection: Connection) -> None:
    """Take away what migrations have added since the first."""
    for index in ("submissions_quota", "submissions_state_team_id", "judgings_recorded_at"):
        connection.execute(text(f"DROP INDEX ix_{index}"))
    for table in LATER:
        connection.execute(text(f"DROP TABLE {table}"))
    for table, columns in ADDED.items():
        for column in columns:
            connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
    connection.execute(text("CREATE INDEX ix_submissions_assignment_team_id ON submissions (assignment)"))
    connection.execute(text("CREATE INDEX ix_submissions_state ON submissions (state)"))


def _age(url: str) -> None:
    """Make a course's database one of the first version."""
    with closing(Database(url)) as database, database.connection() as connection:
        _as_first(connection)
        connection.execute(text("UPDATE judgings SET layers = 'namespaces seccomp cgroup-v1 page cache'"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'r0001'"))


def test_what_trainings_used_is_summed_up(url: str) -> None:
    with closing(Store.open(url)) as store:
        send(store)
        ref = judge(store).ref
    told = json.dumps(
        {"seed": 1, "steps": 9, "cpu_seconds": 7.5, "cut": False, "wall_seconds": 8.0, "curve": [[1, 2.0]]}
    )
    with closing(Database(url)) as database, database.connection() as connection:
        _before_operations(connection)
        connection.execute(text("UPDATE judgings SET training = :told"), {"told": told})
        connection.execute(text("UPDATE alembic_version SET version_num = 'r0008'"))
    with closing(Store.create(url)) as store:
        assert [one.training_seconds for one in store.operations.spent()] == [7.5]
        assert [one.training_seconds for one in store.judged_since(0)[1]] == [8.0], "of the clock"
        judging = store.submission(ref).judging
        assert judging is not None
        assert judging.training is not None
        assert judging.training.curve == ((1, 2.0),)


def _before_operations(connection: Connection) -> None:
    connection.execute(text("DROP INDEX ix_judgings_recorded_at"))
    for table in ("reproductions", "pauses"):
        connection.execute(text(f"DROP TABLE {table}"))
    columns = {
        "graders": ("draining_at", "lanes"),
        "standings": ("spread",),
        "judgings": OPERATED,
        "marks": ("items",),
    }
    for table, names in columns.items():
        for column in names:
            connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))


def test_judgings_of_the_first_schema_are_kept(url: str) -> None:
    with closing(Store.open(url)) as store:
        send(store)
        ref = judge(store).ref
    _age(url)
    with pytest.raises(HeldoutError, match="from an older version"):
        Store.open(url)
    with closing(Store.create(url)) as store:
        judging = store.submission(ref).judging
        assert judging is not None
        assert judging.resources.wall_seconds == 1.5
        assert judging.resources.layers == RESOURCES.layers
        assert (judging.resources.limits, judging.resources.killed) == (None, "")
        assert judging.texts == {}


def test_what_was_scored_before_boards_were_kept_is_on_them(url: str, clock: Clock) -> None:
    expected: dict[int, tuple[datetime | None, bool | None]] = {}
    with closing(Store.open(url, clock=clock)) as store:
        for team, report in (("Ada", scored(17.0)), ("Bob", failed()), ("Ada", scored(18.0))):
            send(store, team)
            clock.go(minutes=1)
            ref = judge(store, report).ref
            expected[ref] = clock.now, True if report.verdict is Verdict.SCORED else None
        expected[send(store, "Bob").ref] = None, None
    _age(url)
    clock.go(days=1)
    with closing(Store.create(url, clock=clock)) as store:
        assert told(store) == [("Ada", 18.0)]
        assert [one.state for one in store.submissions("denoising", team="Bob")] == ["queued", "failed"]
    with closing(Database(url)) as database, database.reading() as session:
        rows = session.scalars(select(SubmissionRow))
        assert {row.id: (row.judged_at, row.released) for row in rows} == expected


def test_a_ledger_from_before_there_was_a_server_goes_on(url: str, clock: Clock) -> None:
    with closing(Store.open(url, clock=clock)) as store:
        store.import_roster([ADA, BOB])
        send(store, ADA.team)
        before = store.submission(judge(store).ref)
        send(store, BOB.team)
        running = take(store)
    with closing(Database(url)) as database, database.connection() as connection:
        for table in LATER[:11]:
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("DROP INDEX ix_judgings_recorded_at"))
        for column in OPERATED:
            connection.execute(text(f"ALTER TABLE judgings DROP COLUMN {column}"))
        connection.execute(text("ALTER TABLE standings DROP COLUMN spread"))
        for column in ADDED["submissions"][-5:]:
            connection.execute(text(f"ALTER TABLE submissions DROP COLUMN {column}"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'r0005'"))
    with closing(Store.create(url, clock=clock)) as store:
        assert store.submission(before.ref) == before
        assert store.submission(running.ref).progress is None
        assert store.tell(running, "public check", 0, 0)
        assert store.record(running, scored(18.0))
        assert told(store) == [("Ada Lovelace", 19.0), ("Bob", 18.0)]
        person, _ = store.access.log_in(store.access.invite("ada").token, kind="client")
        assert person.team == "Ada Lovelace"


def test_a_training_that_another_version_recorded_is_told(url: str) -> None:
    with closing(Store.open(url)) as store:
        send(store)
        ref = judge(store, replace(scored(), training=TRAINING)).ref
    early = {"seed": 5, "steps": 7, "cpu_seconds": 1.5, "cut": False, "curve": [[7, 0.5]], "mood": "good"}
    with closing(Database(url)) as database, database.connection() as connection:
        connection.execute(update(JudgingRow).values(training=early, traces={}))
    with closing(Store.open(url)) as store:
        judging = store.submission(ref).judging
        assert judging is not None
        assert judging.training == Training(5, 7, 1.5, cut=False, curve=((7, 0.5),))


@pytest.mark.parametrize("url", ["", "ledger.db", "mysql://host/course", "sqlite://", "://"])
def test_urls_that_we_do_not_know(url: str) -> None:
    with pytest.raises(HeldoutError, match="not one that we know"):
        Store.open(url)


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HeldoutError, match="did not answer"):
        Store.open(f"postgresql://nobody@/course?host={tmp_path}")


def test_a_password_is_not_shown() -> None:
    with pytest.raises(HeldoutError) as raised:
        Store.open("postgresql://ada:s3cret@127.0.0.1:1/course")
    assert "s3cret" not in str(raised.value)


# ---------------------------------------------------------------- locks, disks, rules


@pytest.mark.parametrize("lock", ["BEGIN EXCLUSIVE", "PRAGMA locking_mode = EXCLUSIVE"])
def test_another_programs_lock(sqlite_url: str, lock: str) -> None:
    code = f"""
        import sqlite3, sys
        connection = sqlite3.connect({sqlite_url.removeprefix("sqlite:///")!r}, isolation_level=None)
        connection.execute({lock!r})
        if "PRAGMA" in {lock!r}:
            connection.execute("BEGIN IMMEDIATE")
        print("locked", flush=True)
        sys.stdin.read()
    """
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other, Store(Database(sqlite_url, busy_seconds=0.2)) as store:
        assert other.stdout is not None
        assert other.stdin is not None
        other.stdout.readline()
        with pytest.raises(HeldoutError, match="locked by another program") as raised:
            store.ensure_team("Ada", TeamKind.STUDENT)
        other.stdin.close()
        other.wait()
        assert (raised.value.where, bool(raised.value.next_step)) == (
            sqlite_url.removeprefix("sqlite:///"),
            True,
        )
        store.ensure_team("Ada", TeamKind.STUDENT)


def test_a_lock_on_postgresql(postgresql: Callable[..., str]) -> None:
    url = postgresql(migrated=True)
    with (
        closing(Database(url)) as database,
        database.connection() as connection,
        Store(Database(url, busy_seconds=0.2)) as store,
    ):
        connection.execute(text("LOCK TABLE teams"))
        with pytest.raises(HeldoutError, match="locked by another program"):
            store.ensure_team("Ada", TeamKind.STUDENT)


def test_more_threads_than_connections(url: str) -> None:
    def crowd(database: Database) -> None:
        with ExitStack() as held:
            for _ in range(100):
                held.enter_context(database.reading()).execute(text("SELECT 1"))

    with closing(Database(url, busy_seconds=0.05)) as database:
        with pytest.raises(HeldoutError, match="too many are using"):
            crowd(database)
        with database.reading() as session:
            assert session.execute(text("SELECT 1")).scalar() == 1


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HeldoutError, match="can't be made"):
        Store.create(f"sqlite:///{tmp_path / 'none' / 'ledger.db'}")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_the_database_itself_refuses_what_is_not_a_number(url: str, value: float) -> None:
    with Store.open(url) as store:
        send(store)
        judge(store)
    database = Database(url)
    with database.reading() as session:
        judging = session.scalars(select(JudgingRow.id)).one()
    with pytest.raises(HeldoutError) as raised, database.writing() as session:
        session.execute(update(ScoreRow).where(ScoreRow.judging_id == judging).values(value=value))
    assert isinstance(raised.value.__cause__, IntegrityError)
    database.close()


def test_commits_wait_for_the_disk(sqlite_url: str) -> None:
    with closing(Database(sqlite_url)) as database, database.connection() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    assert os.path.exists(sqlite_url.removeprefix("sqlite:///"))
