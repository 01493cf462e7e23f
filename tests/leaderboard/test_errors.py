"""Which kind an error is: a server answers each with a status of its own."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import archive, catalogue
from grader.archive import Archive, keep
from grader.errors import Denied, HeldoutError, NotFound, Refused, Unavailable, UnknownAssignment
from grader.spec import RunKind
from leaderboard.boards import Board
from leaderboard.database import Database
from leaderboard.records import TeamKind
from leaderboard.store import Store
from tests.leaderboard.cases import ADA, BOB, assignment, judge, send
from tests.leaderboard.conftest import START, Clock

CLOSED = assignment(deadline=START, merge_until=START, opens=START.replace(year=2020))

BOARD = Board(assignment(), RunKind.EVALUATE)


@pytest.fixture
def course(store: Store, clock: Clock) -> Store:
    store.import_roster([ADA, BOB])
    send(store, BOB.team)
    judge(store)
    clock.go(days=1)
    return store


@pytest.mark.parametrize(
    ("do", "kind"),
    [
        (lambda store: store.submission(99), NotFound),
        (lambda store: store.pictures(99), NotFound),
        (lambda store: store.picture(1, "none"), NotFound),
        (lambda store: store.submissions("denoising", "Eve"), NotFound),
        (lambda store: store.submissions("denoising", "ada"), NotFound),  # no team's name
        (lambda store: store.quota("Eve", BOARD), NotFound),
        (lambda store: store.decisions.withdraw(99, assignment()), NotFound),
        (lambda store: store.decisions.extend(assignment(), "eve", None), NotFound),
        (lambda store: store.regrades.current("denoising"), NotFound),
        (lambda store: catalogue.find("none"), UnknownAssignment),
        (lambda store: store.admit(BOB.team, Board(CLOSED, RunKind.EVALUATE), store.now()), Refused),
        (lambda store: send(store, BOB.team, under=CLOSED), Refused),
        (lambda store: store.decisions.withdraw(1, CLOSED), Refused),
        (lambda store: store.decisions.withdraw(1, assignment(), undo=True), Refused),
        (lambda store: store.decisions.select([1], assignment(counts="last")), Refused),
        (lambda store: store.decisions.extend(assignment(), "ada", START), Refused),
        (lambda store: store.decisions.reinstate(assignment(), BOB.team), Refused),
        (lambda store: store.decisions.merge(BOB.team, BOB.team, []), Refused),
        (lambda store: store.decisions.merge(BOB.team, ADA.team, [CLOSED]), Refused),
        (lambda store: store.access.who("x", kind="client"), Denied),
        (lambda store: store.decisions.disqualify(assignment(), BOB.team, " "), HeldoutError),
        (lambda store: store.ensure_team("", TeamKind.STUDENT), HeldoutError),
    ],
)
def test_errors_are_of_a_kind(course: Store, do: Callable[[Store], object], kind: type[HeldoutError]) -> None:
    with pytest.raises(HeldoutError) as raised:
        do(course)
    assert type(raised.value) is kind


@pytest.mark.parametrize(
    ("code", "full"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, False)]
)
def test_a_disk_that_takes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, full: bool
) -> None:
    def refuse(path: Path, data: bytes) -> None:
        raise OSError(code, "no")

    monkeypatch.setattr(archive, "_write_durably", refuse)
    with pytest.raises(Unavailable) as raised:
        keep(Archive(b"x", "a.zip"), tmp_path)
    assert raised.value.full is full


def fill(store: Store) -> None:
    for number in range(10_000):
        store.ensure_team(f"team {number}", TeamKind.STUDENT)


def test_a_full_database(sqlite_url: str) -> None:
    with Store(Database(sqlite_url)) as store:
        with store._database.connection() as connection:
            connection.exec_driver_sql("CREATE TABLE filling (x)")
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(Unavailable, match="full") as raised:
            fill(store)
        assert raised.value.full


def test_a_busy_database_is_not_full(sqlite_url: str) -> None:
    other = Database(sqlite_url)
    with Store.open(sqlite_url, busy_seconds=0.05) as store, other.connection():
        with pytest.raises(Unavailable) as raised:
            store.ensure_team("Ada", TeamKind.STUDENT)
        assert not raised.value.full
    other.close()
