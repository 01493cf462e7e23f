"""The ledger from outside, teams, judgings and what it tells: the same on SQLite and on PostgreSQL."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from grader.errors import HeldoutError, Reason
from grader.report import Estimate, Verdict
from grader.spec import RunKind
from leaderboard.records import Showing, State, Student, TeamKind
from leaderboard.store import Store
from tests.leaderboard.cases import ADA, BOB, PNG, TRAINING, broke, failed, judge, scored, send, take, told
from tests.leaderboard.conftest import START, Clock

# ---------------------------------------------------------------- teams and students


def test_a_roster_is_imported_once(store: Store) -> None:
    first = store.import_roster([ADA, BOB])
    again = store.import_roster([BOB, ADA])
    assert (first.new, first.unchanged) == (2, 0)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 2)
    assert [(team.name, team.kind, team.members) for team in store.teams()] == [
        ("Ada Lovelace", TeamKind.STUDENT, ("ada",)),
        ("Bob", TeamKind.STUDENT, ("bob",)),
    ]


def test_a_roster_is_imported_whole_or_not_at_all(store: Store) -> None:
    store.ensure_team("Bob", TeamKind.BASELINE)
    with pytest.raises(HeldoutError, match="is a baseline already"):
        store.import_roster([ADA, BOB])
    assert [team.name for team in store.teams()] == ["Bob"]


def test_a_corrected_name_renames_the_lone_students_team(store: Store) -> None:
    store.import_roster([replace(ADA, name="Ada Lovelac", team="Ada Lovelac")])
    receipt = send(store, "Ada Lovelac")
    change = store.import_roster([ADA])
    assert (change.new, change.changed) == (0, 1)
    assert store.submission(receipt.ref).team == "Ada Lovelace"


def test_an_import_moves_nobody_between_teams(store: Store) -> None:
    store.import_roster([ADA, BOB])
    with pytest.raises(HeldoutError, match="is in the team 'Bob', and the roster says 'Ada Lovelace'"):
        store.import_roster([ADA, replace(BOB, team="Ada Lovelace")])


def test_a_known_email_under_anothers_name_is_not_blamed_on_a_team_that_nobody_gave(store: Store) -> None:
    store.import_roster([ADA, BOB])
    with pytest.raises(HeldoutError, match="gives no other: a team of one's own was assumed") as raised:
        store.import_roster([replace(ADA, name="Bob", team="Bob")])
    assert raised.value.next_step == "correct name or e-mail, or put 'Ada Lovelace' into a column team"


def test_a_username_of_an_earlier_roster_is_not_given_twice(store: Store) -> None:
    store.import_roster([ADA])
    change = store.import_roster([Student("Ada Byron", "ada@example.com", "ada", "Ada Byron")])
    assert change.replaced == {"ada": "ada2"}
    assert [team.members for team in store.teams()] == [("ada2",), ("ada",)]


def test_who_is_not_listed_stays_and_is_named(store: Store) -> None:
    store.import_roster([ADA, BOB])
    assert store.import_roster([ADA]).unlisted == ("Bob",)
    assert len(store.teams()) == 2


@pytest.mark.parametrize(
    "name", ["", " \u200b ", "x" * 101, "x" * 10_000, "a\x1b[31mb", "a\nb", "\u202egnp.exe"], ids=repr
)
def test_names_that_nobody_has_are_refused(store: Store, name: str) -> None:
    with pytest.raises(HeldoutError, match="the team's name"):
        store.ensure_team(name, TeamKind.STUDENT)
    assert store.teams() == []


@pytest.mark.parametrize("name", ["مريم", "李飞飞 🎉", "<script>", "=cmd|x", "x" * 100, "O'Neil; DROP--"])
def test_odd_names_are_kept_as_they_are(store: Store, name: str) -> None:
    store.ensure_team(name, TeamKind.STUDENT)
    assert store.submission(send(store, name).ref).team == name


def test_names_that_differ_by_case_or_width_are_one_team(store: Store) -> None:
    made = store.ensure_team("Straße", TeamKind.STUDENT)
    assert store.ensure_team("ＳＴＲＡＳＳＥ", TeamKind.STUDENT) == made


def test_a_username_is_told_from_a_team_and_only_students_teams_are_counted(store: Store) -> None:
    store.import_roster([replace(ADA, team="Engines"), BOB])
    store.ensure_team("wiener (baseline)", TeamKind.BASELINE)
    with pytest.raises(HeldoutError, match="username of a student of the team 'Engines'") as raised:
        store.submissions("denoising", "ADA")
    assert raised.value.next_step == "use --team Engines"
    with pytest.raises(HeldoutError) as raised:
        store.submissions("denoising", "Nobody")
    assert raised.value.expected == "one of the 2 teams of the course"


# ---------------------------------------------------------------- recording


def test_a_scored_report_comes_back_as_it_was(store: Store, clock: Clock) -> None:
    receipt = send(store)
    clock.go(minutes=1)
    judge(store)
    found = store.submission(receipt.ref)
    report = scored()
    assert found.state is State.SCORED
    assert (found.public, found.private) == (report.public, report.private)
    assert found.judging is not None
    assert (found.judging.run_seed, found.judging.log) == (2**63 - 1, "epoch 1\n")
    assert found.judging.resources == report.resources
    assert found.judging.judged_at == START + timedelta(minutes=1)
    assert store.picture(receipt.ref, "examples") == PNG
    np.testing.assert_array_equal(store.items(receipt.ref)["psnr"], report.items["psnr"])
    assert store.items(receipt.ref)["psnr"].dtype == np.float32


def test_a_train_run_of_the_same_bytes_has_a_board_of_its_own_and_its_training(store: Store) -> None:
    practice, train = send(store, content="same"), send(store, content="same", run_kind=RunKind.TRAIN)
    assert (train.sha256, train.duplicate) == (practice.sha256, False)
    judge(store, scored(19.0))
    judge(store, replace(scored(18.0), training=TRAINING))
    for receipt, kind, value, training in (
        (practice, RunKind.EVALUATE, 19.0, None),
        (train, RunKind.TRAIN, 18.0, TRAINING),
    ):
        found = store.submission(receipt.ref)
        assert found.run_kind is kind
        assert found.judging is not None
        assert found.judging.training == training
        assert told(store, kind) == [("Ada", value)]


def test_texts_come_back_as_any_database_can_hold_them(store: Store) -> None:
    receipt = send(store)
    judge(store, replace(scored(), texts={"what it writes": "And\nhe│ \x00 \ud800 עברית"}))
    found = store.submission(receipt.ref).judging
    assert found is not None
    assert found.texts == {"what it writes": "And\nhe│ \ufffd ? עברית"}


def test_a_failed_report_tells_why(store: Store) -> None:
    receipt = send(store)
    judge(store, failed())
    found = store.submission(receipt.ref)
    assert found.state is State.FAILED
    assert found.failure is not None
    assert found.failure.reason is Reason.WRONG_SHAPE
    assert found.judging is not None
    assert found.judging.log == "nul \ufffd and ?"
    assert told(store) == []


def test_recording_twice_is_recording_once(store: Store) -> None:
    send(store)
    job = judge(store)
    assert store.record(job, scored(99.0))
    assert not store.record(replace(job, holder="other"), scored(99.0))
    assert told(store) == [("Ada", 19.0)]


def test_a_grader_error_is_tried_again(store: Store) -> None:
    receipt = send(store)
    job = judge(store, broke())
    assert store.record(job, broke()), "the same report again"
    assert store.submission(receipt.ref).state is State.QUEUED
    judge(store, scored())
    found = store.submission(receipt.ref)
    assert (found.state, found.attempts) == (State.SCORED, 2)


def test_our_traceback_is_kept_apart_from_the_students_log(store: Store) -> None:
    receipt = send(store)
    for _ in range(3):
        judge(store, broke())
    found = store.submission(receipt.ref)
    assert found.state is State.GRADER_ERROR
    assert found.judging is not None
    assert (found.judging.log, found.judging.fault) == ("", "Traceback: our own")
    assert found.failure is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_refused(store: Store, value: float) -> None:
    send(store)
    job = take(store)
    for report in (scored(value), scored(19.0, value), scored(private=value)):
        with pytest.raises(HeldoutError, match="not finite"):
            store.record(job, report)
    spoilt = replace(scored(), items={"psnr": np.array([1.0, np.nan], np.float32)})
    with pytest.raises(HeldoutError, match="psnr of 1 items"):
        store.record(job, spoilt)
    assert store.record(job, scored()), "the lease is still ours"


def test_a_report_that_contradicts_itself_is_refused(store: Store) -> None:
    send(store)
    job = take(store)
    with pytest.raises(HeldoutError, match="has no scores"):
        store.record(job, replace(scored(), private={}))
    with pytest.raises(HeldoutError, match="but not why"):
        store.record(job, replace(failed(), failure=None))
    with pytest.raises(HeldoutError, match="not finite"):
        store.record(job, replace(scored(), public={"psnr": Estimate(19.0, -0.1)}))
    assert store.submission(job.ref).state is State.RUNNING


# ---------------------------------------------------------------- telling


def test_listings_are_newest_first_and_of_one_team(store: Store) -> None:
    refs = [send(store, team).ref for team in ("Ada", "Bob", "Ada")]
    judge(store)
    assert [one.ref for one in store.submissions("denoising")] == refs[::-1]
    assert [one.ref for one in store.submissions("denoising", "ada")] == [refs[2], refs[0]]
    assert store.submissions("gan") == []
    listed = store.submissions("denoising")[-1]
    assert listed.judging is not None
    assert (listed.judging.verdict, listed.judging.log) == (Verdict.SCORED, "")


def test_public_and_private_entries_differ_by_an_argument(store: Store) -> None:
    send(store)
    judge(store, scored(19.0, private=18.0))
    assert told(store) == [("Ada", 19.0)]
    assert told(store, private=True) == [("Ada", 18.0)]


def test_what_several_made_is_told_at_once(store: Store) -> None:
    refs = [send(store, team).ref for team in ("Ada", "Bob", "Carol")]
    judge(store)
    judge(store, replace(failed(), texts={"what it writes": "a"}))
    assert store.showings([*refs, 7]) == {
        refs[0]: Showing(pictures={"examples": PNG}),
        refs[1]: Showing(texts={"what it writes": "a"}),
    }
    assert store.showings([]) == {}


def test_counts_are_by_state(store: Store) -> None:
    for report in (scored(), failed(), broke()):
        send(store)
        judge(store, report)
    send(store, slug="vae")
    counts = store.counts()
    assert counts[State.SCORED] == counts[State.FAILED] == 1
    assert counts[State.QUEUED] == 2
    assert store.counts("vae")[State.QUEUED] == 1


def test_what_is_not_there_is_said(store: Store) -> None:
    for ask in (store.submission, store.pictures):
        with pytest.raises(HeldoutError, match="no submission #7"):
            ask(7)
    receipt = send(store)
    with pytest.raises(HeldoutError, match="no picture 'x'"):
        store.picture(receipt.ref, "x")
