"""Boards are arithmetic: order, ties, baselines in place, change since yesterday."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.report import Estimate
from grader.spec import Metric
from leaderboard.ranking import rank
from leaderboard.records import Entry, Row, TeamKind

PSNR = Metric("psnr", "dB", higher_is_better=True)
KID = Metric("psnr", "", higher_is_better=False)
START = datetime(2026, 11, 16, 9, tzinfo=UTC)
TEAMS = "abcdefgh"


def entry(team: str, score: float | None, *, hours: float = 0, kind: TeamKind = TeamKind.STUDENT) -> Entry:
    moment = START + timedelta(hours=hours)
    metrics = {} if score is None else {"psnr": Estimate(score, 0.1)}
    return Entry(int(hours * 100), TEAMS.index(team), team, kind, moment, moment, metrics)


def board(*entries: Entry, metric: Metric = PSNR) -> list[Row]:
    return rank(entries, metric, tier_of=lambda score: "pass" if score > 18 else "")


def test_order_ties_and_baselines_in_place() -> None:
    rows = board(
        entry("a", 17.0),
        entry("b", 19.0),
        entry("c", 17.0),
        entry("d", 18.0, kind=TeamKind.BASELINE),
        entry("e", 16.0),
    )
    assert [(row.team, row.rank, row.tier) for row in rows] == [
        ("b", 1, "pass"), ("d", 0, ""), ("a", 2, ""), ("c", 2, ""), ("e", 4, ""),
    ]  # fmt: skip
    assert rows[1].badges == ("baseline",)


def test_the_direction_is_the_metrics() -> None:
    entries = [entry("a", 17.0), entry("b", 19.0), entry("a", 20.0, hours=1)]
    assert [row.team for row in board(*entries)] == ["a", "b"]
    assert [(row.team, row.score) for row in board(*entries, metric=KID)] == [("a", 17.0), ("b", 19.0)]


def test_failed_entries_count_and_rank_nobody() -> None:
    [row] = board(entry("a", 17.0), entry("a", None, hours=2.5), entry("b", None))
    assert (row.team, row.entries, row.best_before) == ("a", 2, "-2.5h")
    assert row.last == START + timedelta(hours=2.5)
    assert board() == []


def test_change_is_since_a_day_before_the_last_judging() -> None:
    rows = board(entry("a", 18.0), entry("b", 17.0), entry("b", 19.0, hours=30), entry("c", 16.0, hours=31))
    assert [(row.team, row.change) for row in rows] == [("b", "↑1"), ("a", "↓1"), ("c", "new")]


entries_of_all = st.lists(
    st.builds(
        entry,
        st.sampled_from(TEAMS),
        st.one_of(st.none(), st.integers(0, 5).map(float)),
        hours=st.integers(0, 100),
    ),
    max_size=20,
)


@given(entries_of_all)
def test_the_order_of_arrival_in_the_list_does_not_matter(entries: list[Entry]) -> None:
    shuffled = sorted(entries, key=lambda one: (one.team, one.ref), reverse=True)
    assert [(row.team, row.rank, row.score) for row in board(*entries)] == [
        (row.team, row.rank, row.score) for row in board(*shuffled)
    ]


@given(entries_of_all)
def test_ranks_count_the_better_teams(entries: list[Entry]) -> None:
    rows = board(*entries)
    for row in rows:
        assert row.rank == 1 + sum(other.score > row.score for other in rows)


@pytest.mark.parametrize("worse", [0.0, None])
def test_a_worse_entry_changes_nothing_but_its_count(worse: float | None) -> None:
    before = board(entry("a", 18.0), entry("b", 17.0))
    after = board(entry("a", 18.0), entry("b", 17.0), entry("a", worse, hours=1))
    assert [(row.team, row.rank, row.score) for row in after] == [
        (row.team, row.rank, row.score) for row in before
    ]
    assert after[0].entries == 2
