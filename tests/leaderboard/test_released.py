"""The Ladder in the ledger: what is withheld is told nowhere, and no decision gives a fresh start."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sqlalchemy import text

from grader.report import Estimate, Report
from grader.spec import RunKind
from leaderboard.boards import Board
from leaderboard.reading import board
from leaderboard.records import TeamKind
from leaderboard.render import print_submission, print_submissions
from leaderboard.store import Store
from tests.leaderboard.cases import KID, PNG, assignment, judge, probed, scored, send, told
from tests.leaderboard.conftest import Clock

RNG = np.random.default_rng(0)
FIRST = RNG.normal(20, 1, 64).astype(np.float32)
LUCKY = (FIRST + RNG.normal(0.01, 0.2, 64)).astype(np.float32)  # better, by luck
BETTER = FIRST + np.float32(0.5)
BEST = FIRST + np.float32(1)


def hand_in(store: Store, values: npt.NDArray[np.floating], team: str = "Ada", **changes: Any) -> int:
    ref = send(store, team).ref
    judge(store, probed(values, **changes))
    return ref


def mean(values: npt.NDArray[np.floating]) -> float:
    return round(float(values.astype(np.float32).mean()), 6)


def test_what_is_withheld_moves_no_public_figure(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert LUCKY.mean() > FIRST.mean()
    hand_in(store, FIRST)
    [before] = board(store, assignment())
    ref = hand_in(
        store,
        LUCKY,
        public={"psnr": Estimate(float(LUCKY.mean()), 0.123456), "ssim": Estimate(0.654321, 0.0345678)},
        texts={"what it writes": "SECRET"},
        pictures={"examples": PNG},
    )
    [after] = board(store, assignment())
    assert after._replace(entries=before.entries, last=before.last) == before
    found = store.submission(ref)
    assert (found.public, found.withheld, dict(found.texts)) == (None, True, {})
    for style in ("table", "json", "csv"):
        print_submission(found, assignment(), style)
        print_submissions(store.submissions("denoising"), assignment(), style)
    printed = capsys.readouterr().out
    for told_nowhere in ("SECRET", "0.123", "0.654", "0.0345", f"{LUCKY.mean():.3f}"):
        assert told_nowhere not in printed
    assert "no significant improvement" in printed


def test_a_withheld_one_may_still_be_selected(store: Store) -> None:
    hand_in(store, FIRST)
    ref = hand_in(store, LUCKY)
    under = assignment(counts="selected")
    store.decisions.select([ref], under)
    assert told(store, under=under) == [("Ada", mean(FIRST))]
    assert told(store, under=under, private=True) == [("Ada", mean(LUCKY))]


def test_an_improvement_is_shown_and_the_next_compared_with_it(store: Store) -> None:
    hand_in(store, FIRST)
    hand_in(store, BETTER)
    hand_in(store, FIRST + np.float32(0.4))
    assert [one.released for one in store.submissions("denoising")] == [False, True, True]
    assert told(store) == [("Ada", mean(BETTER))]


def withdrawn(store: Store) -> None:
    store.decisions.withdraw(1, assignment())


def merged(store: Store) -> None:
    store.decisions.merge("Bob", "Ada", [assignment()])


def merged_into(store: Store) -> None:
    store.decisions.merge("Ada", "Bob", [assignment()])


def parted(store: Store) -> None:
    merged(store)
    store.decisions.part("Ada", [assignment()])


def improved_and_parted(store: Store) -> None:
    """Ada leaves, having seen what the team then had."""
    merged(store)
    hand_in(store, BEST, "Bob")
    store.decisions.part("Ada", [assignment()])


def disqualified(store: Store) -> None:
    store.decisions.disqualify(assignment(), "Ada", "a mistake")
    store.decisions.reinstate(assignment(), "Ada")


def looked_ahead(store: Store) -> None:
    store.preview(Board(assignment(daily=1), RunKind.EVALUATE))


@pytest.mark.parametrize(
    "act", [withdrawn, merged, merged_into, parted, improved_and_parted, disqualified, looked_ahead]
)
def test_nothing_gives_a_fresh_start(store: Store, act: Callable[[Store], None]) -> None:
    store.ensure_team("Bob", TeamKind.STUDENT)
    hand_in(store, FIRST)
    act(store)
    refs = [hand_in(store, LUCKY, team) for team in ("Ada", "Bob")]
    alone = act in (disqualified, withdrawn, looked_ahead)
    shown = [store.submission(ref).released for ref in refs]
    assert shown == [False, alone], "who never shared a team with Ada has a first of one's own"


def test_the_higher_rung_of_two_teams_is_the_merged_ones(store: Store) -> None:
    hand_in(store, FIRST, "Ada")
    hand_in(store, BEST, "Bob")
    store.decisions.merge("Ada", "Bob", [assignment()])
    assert told(store) == [("Ada", mean(BEST))]
    assert not store.submission(hand_in(store, BETTER, "Ada")).released


def test_a_score_of_a_whole_set_moves_beyond_one_and_a_half_half_widths(url: str, clock: Clock) -> None:
    under = assignment(KID)
    shown = []
    with Store.open(url, clock=clock, assignments=lambda slug: under) as store:
        for value in (30.0, 27.5, 26.5, 24.0, 40.0):
            send(store)
            judge(store, of_a_set(value))
            shown.append(told(store, under=under)[0][1])
    assert shown == [30.0, 30.0, 26.5, 26.5, 26.5]


def of_a_set(value: float) -> Report:
    estimate = {"kid": Estimate(value, 2.0)}
    return replace(scored(), public=estimate, private=estimate, items={})


def test_an_older_course_has_no_rungs_and_its_scores_hold(store: Store) -> None:
    """What was scored before the Ladder counts as shown."""
    hand_in(store, BETTER)
    with store._database.writing() as session:
        session.execute(text("DELETE FROM rungs"))
    assert not store.submission(hand_in(store, FIRST)).released
    assert not store.submission(hand_in(store, BETTER + np.float32(0.01))).released
    assert store.submission(hand_in(store, BEST)).released
    assert told(store) == [("Ada", mean(BEST))]


def test_each_board_has_rungs_of_its_own(store: Store) -> None:
    hand_in(store, BETTER)
    ref = send(store, run_kind=RunKind.TRAIN).ref
    judge(store, probed(FIRST))
    assert store.submission(ref).released
