"""The door: what is too large for its kind of run is neither kept nor queued, whoever brings it."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from grader.archive import Archive, place
from grader.errors import HeldoutError, Refused
from grader.rules import Rules
from grader.spec import BOARDED, RunKind
from leaderboard.receive import receive
from leaderboard.records import TeamKind
from leaderboard.store import Store
from tests.leaderboard.cases import assignment
from tests.leaderboard.conftest import START


@pytest.fixture
def ledger(sqlite_url: str) -> Store:
    store = Store.open(sqlite_url)
    store.ensure_team("Ada", TeamKind.STUDENT)
    return store


@pytest.mark.parametrize("run_kind", BOARDED)
def test_each_kind_of_run_has_a_limit(run_kind: RunKind, ledger: Store, tmp_path: Path) -> None:
    limit = assignment().archive_limit(run_kind)
    most = Archive(bytes(limit), "most.zip")
    receipt = receive(ledger, tmp_path, most, team="Ada", assignment=assignment(), run_kind=run_kind)
    assert (receipt.size, receipt.assignment) == (limit, "denoising")
    assert place(tmp_path, receipt.sha256).is_file()
    larger = Archive(bytes(limit + 1), "larger.zip")
    with pytest.raises(HeldoutError, match="the limit is") as caught:
        receive(ledger, tmp_path, larger, team="Ada", assignment=assignment(), run_kind=run_kind)
    assert caught.value.where == "larger.zip"
    assert caught.value.expected
    assert caught.value.next_step
    assert not place(tmp_path, larger.sha256).exists()
    assert len(ledger.submissions("denoising")) == 1
    ledger.close()


def test_weights_are_no_train_run(ledger: Store, tmp_path: Path) -> None:
    weights = Archive(bytes(1_000_000), "weights.zip")
    assert receive(ledger, tmp_path, weights, team="Ada", assignment=assignment()).ref
    with pytest.raises(HeldoutError, match=r"1\.0 MB; the limit is 16\.0 KiB") as caught:
        receive(ledger, tmp_path, weights, team="Ada", assignment=assignment(), run_kind=RunKind.TRAIN)
    assert "bring a method along" in caught.value.next_step
    ledger.close()


def test_nothing_is_no_submission(ledger: Store, tmp_path: Path) -> None:
    with pytest.raises(HeldoutError, match="is empty"):
        receive(ledger, tmp_path, Archive(b"", "empty.zip"), team="Ada", assignment=assignment())
    ledger.close()


def test_what_arrived_in_time_is_in_time_however_long_it_takes(sqlite_url: str, tmp_path: Path) -> None:
    """The deadline passes between any two looks at the clock: while it is kept, or waits for the database."""
    seconds = count()
    ledger = Store.open(sqlite_url, clock=lambda: START + timedelta(seconds=next(seconds)))
    ledger.ensure_team("Ada", TeamKind.STUDENT)
    deadline = ledger.now() + timedelta(seconds=1)
    due = replace(assignment(), rules=Rules(deadline=deadline))
    receipt = receive(ledger, tmp_path, Archive(b"in time", "a.zip"), team="Ada", assignment=due)
    assert (receipt.received_at, receipt.late) == (deadline, False)
    with pytest.raises(HeldoutError, match="the assignment is closed"):
        receive(ledger, tmp_path, Archive(b"too late", "a.zip"), team="Ada", assignment=due)
    ledger.close()


def test_what_the_rules_refuse_is_not_kept(ledger: Store, tmp_path: Path) -> None:
    under = assignment(daily=1)
    first = Archive(b"first", "first.zip")
    ref = receive(ledger, tmp_path, first, team="Ada", assignment=under).ref
    second = Archive(b"second", "second.zip")
    with pytest.raises(HeldoutError, match="today's 1 submissions have been used"):
        receive(ledger, tmp_path, second, team="Ada", assignment=under)
    assert not place(tmp_path, second.sha256).exists()
    assert receive(ledger, tmp_path, first, team="Ada", assignment=under).ref == ref, "the same bytes again"
    ledger.close()


def test_a_notebook_is_refused_where_there_is_none(ledger: Store, tmp_path: Path) -> None:
    for one, kind in (
        (assignment(), RunKind.NOTEBOOK),
        (replace(assignment(), notebook_alone=True), RunKind.EVALUATE),
    ):
        with pytest.raises(Refused, match="notebook"):
            receive(ledger, tmp_path, Archive(b"{}", "a"), team="Ada", assignment=one, run_kind=kind)
    ledger.close()
