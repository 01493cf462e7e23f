"""Schemes for a better place than the answers earn, found by attacking the board: none of them works."""

from datetime import timedelta

import numpy as np
import pytest

from grader.errors import HeldoutError
from grader.report import Report
from grader.spec import RunKind
from leaderboard.boards import Board
from leaderboard.reading import board
from leaderboard.store import Store
from tests.leaderboard.cases import assignment, judge, probed, send, told
from tests.leaderboard.conftest import START, Clock
from tests.leaderboard.test_sameness import OTHER, REFERENCE, VALUES, course, hand_in

HOUR = timedelta(hours=1)
BOARD = Board(assignment(), RunKind.EVALUATE)


def again(store: Store, *reports: Report) -> None:
    """Judge what is queued, in its order."""
    for report in reports:
        judge(store, report)


def test_a_mark_is_not_washed_off_by_a_regrade(url: str, clock: Clock) -> None:
    with course(url, clock, assignment()) as store:
        hand_in(store, REFERENCE, probed(VALUES))
        copy = hand_in(store, "Ada", probed(VALUES))
        store.regrades.begin(assignment(), (), reason="once more")
        again(store, probed(VALUES), probed(VALUES))
        store.regrades.apply(assignment())
        assert store.submission(copy).same_as == REFERENCE
        assert [team for team, _ in told(store)] == [REFERENCE]


def test_a_copy_that_was_withheld_or_whose_items_are_gone_is_found_when_the_reference_comes(
    url: str, clock: Clock
) -> None:
    with course(url, clock, assignment()) as store:
        hand_in(store, "Ada", probed(VALUES + 0.001))
        copy = hand_in(store, "Ada", probed(VALUES))
        hand_in(store, "Ada", probed(OTHER))
        assert not store.items(copy)
        hand_in(store, REFERENCE, probed(VALUES))
        store.decisions.select([copy], assignment())
        assert store.submission(copy).same_as == REFERENCE
        assert dict(told(store, private=True))["Ada"] != pytest.approx(VALUES.mean(), abs=1e-6)


def test_a_little_noise_makes_nobody_the_author(url: str, clock: Clock) -> None:
    noisy = np.tile(VALUES, 4)
    noisy[7] *= 1.001
    with course(url, clock, assignment()) as store:
        hand_in(store, REFERENCE, probed(np.tile(VALUES, 4)))
        assert store.submission(hand_in(store, "Ada", probed(noisy))).same_as == REFERENCE


def test_a_references_code_is_known_by_its_bytes_where_its_answers_differ(url: str, clock: Clock) -> None:
    with course(url, clock, assignment()) as store:
        for team, values in ((REFERENCE, VALUES), ("Ada", OTHER)):
            send(store, team, content="the same code", run_kind=RunKind.TRAIN)
            judge(store, probed(values))
        assert [team for team, _ in told(store, RunKind.TRAIN)] == [REFERENCE]


def test_who_handed_a_reference_in_before_it_was_known_starts_anew(url: str, clock: Clock) -> None:
    with course(url, clock, assignment()) as store:
        hand_in(store, "Ada", probed(VALUES))
        hand_in(store, REFERENCE, probed(VALUES))
        assert store.submission(hand_in(store, "Ada", probed(OTHER))).released


def test_withdrawing_and_coming_back_loosens_no_tie(store: Store) -> None:
    common = np.random.default_rng(3).normal(20, 3, 400)
    for team, gain in (("Carol", 0.2), ("Bob", 0.1), ("Ada", 0.0)):
        send(store, team)
        judge(store, probed(common + gain + np.random.default_rng(4).normal(0, 0.01, 400)))
    send(store, "Ada")
    judge(store, probed(common - 1))
    ranks = {row.team: row.rank for row in board(store, assignment())}
    for undo in (False, True):
        store.decisions.withdraw(3, assignment(), undo=undo)
        board(store, assignment())
    assert (
        {row.team: row.rank for row in board(store, assignment())}
        == ranks
        == {"Carol": 1, "Bob": 2, "Ada": 3}
    )


def test_nothing_public_tells_that_a_private_score_moved(store: Store, clock: Clock) -> None:
    for values in (VALUES, VALUES + 0.001):
        send(store)
        private = probed(values + (values is not VALUES)).private
        judge(store, probed(values, private=private))
        clock.go(hours=1)
    before = store.changed_at(BOARD), board(store, assignment())
    clock.go(days=3)
    store.decisions.select([2], assignment())
    assert (store.changed_at(BOARD), board(store, assignment())) == before


def test_a_merge_brings_no_second_selection(store: Store) -> None:
    for team in ("Ada", "Bob"):
        for gain in (0, 1):
            send(store, team)
            judge(store, probed(VALUES + gain))
    store.decisions.select([1, 2], assignment())
    store.decisions.select([3, 4], assignment())
    store.decisions.merge("Ada", "Bob", [assignment()])
    selected = [one.ref for one in store.submissions("denoising") if one.selected]
    assert sorted(selected) == [1, 2]


def test_a_barred_team_does_not_part_and_play_on(store: Store) -> None:
    for team in ("Ada", "Bob"):
        send(store, team)
        judge(store, probed(VALUES))
    store.decisions.merge("Ada", "Bob", [assignment()])
    store.decisions.disqualify(assignment(), "Ada", "copied")
    with pytest.raises(HeldoutError, match="disqualified"):
        store.decisions.part("Bob", [assignment()])
    assert told(store) == []


def test_after_the_reveal_nothing_comes_in(store: Store, clock: Clock) -> None:
    send(store)
    judge(store, probed(VALUES))
    under = assignment(reveal=START + HOUR)
    clock.now = START + HOUR
    with pytest.raises(HeldoutError, match="the private board is revealed"):
        send(store, under=under)


def test_a_frozen_board_was_frozen_afterwards_too(store: Store, clock: Clock) -> None:
    under = assignment(freeze=START + HOUR, reveal=START + 5 * HOUR)
    send(store)
    judge(store, probed(VALUES))
    clock.now = START + 2 * HOUR
    send(store)
    judge(store, probed(VALUES + 5))
    at = clock.now = START + 3 * HOUR
    seen = told(store, at=at, under=under)
    clock.now = START + 6 * HOUR
    assert told(store, at=at, under=under) == seen
    assert told(store, under=under) != seen
