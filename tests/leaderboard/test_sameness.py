"""Who hands in a public reference's answers takes no rank, and is told so; an honest one stays as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from grader.report import Estimate, Report
from grader.spec import BOARDED, Assignment, RunKind
from leaderboard.records import TeamKind
from leaderboard.render import print_submission
from leaderboard.store import Store
from tests.leaderboard.cases import KID, assignment, failed, judge, probed, scored, send, told
from tests.leaderboard.conftest import Clock

REFERENCE, BASELINE = "unet (reference)", "wiener (baseline)"
VALUES = np.random.default_rng(0).normal(20, 1, 64)
OTHER = np.random.default_rng(1).normal(19, 1, 64)


@contextmanager
def course(url: str, clock: Clock, under: Assignment) -> Iterator[Store]:
    with Store.open(url, clock=clock, assignments=lambda slug: under) as store:
        store.ensure_team(REFERENCE, TeamKind.REFERENCE)
        store.ensure_team(BASELINE, TeamKind.BASELINE)
        yield store


def hand_in(store: Store, team: str, report: Report, run_kind: RunKind = RunKind.EVALUATE) -> int:
    ref = send(store, team, run_kind=run_kind).ref
    judge(store, report)
    return ref


def of_a_set(value: float, diversity: float) -> Report:
    figures = {"kid": Estimate(value, 1.0), "coverage": Estimate(diversity, 0.1)}
    return replace(scored(), public=figures, private=figures, items={})


def drawn(value: float, picture: bytes) -> Report:
    return replace(probed(VALUES + value), pictures={"reconstructions": picture})


KINDS: dict[str, tuple[Assignment, Report, Report, Report]] = {
    "items": (
        assignment(),
        probed(VALUES),
        probed(VALUES * (1 + 1e-7)),  # judged in other batches
        probed(VALUES + 1e-3),
    ),
    "a set": (assignment(KID), of_a_set(30.0, 0.9), of_a_set(30.0, 0.9002), of_a_set(30.0, 0.91)),
    "luck": (
        replace(assignment(), repeatable=False),
        drawn(0.0, b"PNG of a reference"),
        drawn(-0.01, b"PNG of a reference"),
        drawn(0.0, b"PNG of somebody's own"),
    ),
}


@pytest.mark.parametrize("run_kind", BOARDED)
@pytest.mark.parametrize("kind", KINDS)
def test_a_references_answers_take_no_rank_whoever_came_first(
    url: str, clock: Clock, kind: str, run_kind: RunKind
) -> None:
    under, reference, same, other = KINDS[kind]
    with course(url, clock, under) as store:
        early = hand_in(store, "Early", same, run_kind)
        hand_in(store, REFERENCE, reference, run_kind)
        late = hand_in(store, "Late", same, run_kind)
        own = hand_in(store, "Own", other, run_kind)
        for private in (False, True):
            teams = {team for team, _ in told(store, run_kind, under=under, private=private)}
            assert teams == {REFERENCE, "Own"}
        assert [store.submission(ref).same_as for ref in (early, late, own)] == [REFERENCE, REFERENCE, ""]


def test_other_boards_and_baselines_are_not_compared(url: str, clock: Clock) -> None:
    """Two people who write a median filter write the same one."""
    with course(url, clock, assignment()) as store:
        hand_in(store, BASELINE, probed(VALUES))
        hand_in(store, REFERENCE, probed(VALUES), RunKind.TRAIN)
        hand_in(store, "Ada", probed(VALUES))
        assert {team for team, _ in told(store)} == {BASELINE, "Ada"}


def test_a_failed_reference_is_nobodys_answer(url: str, clock: Clock) -> None:
    with course(url, clock, assignment()) as store:
        hand_in(store, REFERENCE, failed())
        hand_in(store, "Ada", probed(VALUES))
        assert len(told(store)) == 1


def test_who_tried_a_reference_needn_t_beat_it(
    url: str, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with course(url, clock, assignment()) as store:
        hand_in(store, REFERENCE, probed(VALUES))
        copied = hand_in(store, "Ada", probed(VALUES))
        print_submission(store.submission(copied), assignment())
        printed = capsys.readouterr().out
        assert "a reference's answers: not ranked" in printed
        assert "those of the reference solution 'unet (reference)'" in printed
        own = hand_in(store, "Ada", probed(OTHER))
        assert store.submission(own).released
        assert [team for team, _ in told(store)] == [REFERENCE, "Ada"]


def test_a_regrade_compares_again(url: str, clock: Clock) -> None:
    """On the data of before two gave one answer; on new ones they don't."""
    under = assignment()
    with course(url, clock, under) as store:
        hand_in(store, REFERENCE, probed(VALUES))
        hand_in(store, "Ada", probed(VALUES))
        hand_in(store, "Bob", probed(OTHER))
        store.regrades.begin(under, everything=True, reason="new data", data_version=2)
        for values in (VALUES, VALUES + 0.1, VALUES):
            judge(store, replace(probed(values), data_sha256="2" * 64))
        assert {team for team, _ in told(store)} == {REFERENCE, "Bob"}
        store.regrades.apply(under)
        assert {team for team, _ in told(store)} == {REFERENCE, "Ada"}
