"""Boards are arithmetic: order, ties, baselines in place, change."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from grader.report import Estimate
from grader.rules import Counts, Rules
from grader.spec import Metric
from leaderboard.counting import eligible, on_private, on_public
from leaderboard.ranking import rank
from leaderboard.records import Candidate, Row, Snapshot, Standing, TeamKind

PSNR = Metric("psnr", "dB", higher_is_better=True)
KID = Metric("psnr", "", higher_is_better=False)
START = datetime(2026, 11, 16, 9, tzinfo=UTC)
TEAMS = "abcdefgh"


def standing(team: str, score: float, *, kind: TeamKind = TeamKind.STUDENT, last: float = 0) -> Standing:
    number = TEAMS.index(team)
    then = START + timedelta(hours=last)
    return Standing(number, team, team, kind, number, score, 0.1, START, 2, then)


def board(
    *standings: Standing,
    metric: Metric = PSNR,
    edges: Sequence[float] | None = None,
    before: Snapshot | None = None,
) -> list[Row]:
    """By default no two scores are tied."""
    sign = -1 if metric.higher_is_better else 1
    if edges is None:
        edges = sorted({sign * one.score for one in standings if one.kind is TeamKind.STUDENT})[1:]
    now = Snapshot(standings, edges)
    return rank(now, metric, before=before, tier_of=lambda score: "pass" if score > 18 else "")


def test_order_equal_scores_and_baselines_in_place() -> None:
    rows = board(
        standing("a", 17.0),
        standing("b", 19.0),
        standing("c", 17.0),
        standing("d", 18.0, kind=TeamKind.BASELINE),
        standing("e", 16.0),
    )
    assert [(row.team, row.rank, row.tier) for row in rows] == [
        ("b", 1, "pass"), ("d", 0, ""), ("a", 2, ""), ("c", 2, ""), ("e", 4, ""),
    ]  # fmt: skip
    assert rows[1].badges == ("baseline",)


def test_a_tie_group_has_one_rank_in_alphabetical_order() -> None:
    rows = board(
        standing("c", 19.2),
        standing("b", 19.1),
        standing("a", 19.0),
        standing("d", 17.0),
        standing("e", 19.05, kind=TeamKind.REFERENCE),
        standing("f", 19.3, kind=TeamKind.REFERENCE),
        edges=[-17.0],
    )
    assert [(row.team, row.rank) for row in rows] == [
        ("f", 0), ("a", 1), ("b", 1), ("c", 1), ("e", 0), ("d", 4),
    ]  # fmt: skip


def test_the_direction_is_the_metrics() -> None:
    both = standing("a", 20.0), standing("b", 19.0)
    assert [row.team for row in board(*both)] == ["a", "b"]
    assert [row.team for row in board(*both, metric=KID)] == ["b", "a"]


def test_how_long_before_the_last_entry_the_best_came() -> None:
    [row] = board(standing("a", 17.0, last=2.5))
    assert (row.entries, row.best_before, row.last) == (2, "-2.5h", START + timedelta(hours=2.5))
    assert board() == []


def test_change_compares_ranks() -> None:
    before = Snapshot([standing("a", 18.0), standing("b", 17.0)], [-17.0])
    rows = board(standing("a", 18.0), standing("b", 19.0), standing("c", 16.0), before=before)
    assert [(row.team, row.change) for row in rows] == [("b", "↑1"), ("a", "↓1"), ("c", "new")]


some_standings = st.lists(
    st.builds(standing, st.sampled_from(TEAMS), st.integers(0, 5).map(float)),
    max_size=8,
    unique_by=lambda one: one.team,
)


@given(some_standings)
def test_the_order_of_arrival_does_not_matter(standings: list[Standing]) -> None:
    assert board(*standings) == board(*reversed(standings))


@given(some_standings)
def test_ranks_count_the_better_teams(standings: list[Standing]) -> None:
    rows = board(*standings)
    for row in rows:
        assert row.rank == 1 + sum(other.score > row.score for other in rows)


@given(some_standings, st.lists(st.integers(-5, 0).map(float), max_size=3, unique=True).map(sorted))
def test_whatever_the_groups_a_better_team_never_ranks_lower(
    standings: list[Standing], edges: list[float]
) -> None:
    rows = board(*standings, edges=edges)
    assert all(one.rank <= other.rank for one in rows for other in rows if one.score > other.score)


# ---------------------------------------------------------------- which of a team's submissions counts


def candidate(
    ref: int,
    public: float,
    private: float | None = None,
    *,
    hours: float = 0,
    released: bool = True,
    selected: bool = False,
    withdrawn: bool = False,
    same_as: str = "",
) -> Candidate:
    return Candidate(
        ref,
        ref,
        START + timedelta(hours=hours),
        Estimate(public, 0.1),
        Estimate(public if private is None else private, 0.1),
        released=released,
        selected=selected,
        withdrawn=withdrawn,
        same_as=same_as,
    )


def test_late_withdrawn_and_copied_ones_do_not_count() -> None:
    found = [
        candidate(1, 17.0),
        candidate(2, 18.0, hours=25),
        candidate(3, 19.0, withdrawn=True),
        candidate(4, 20.0, same_as="unet (reference)"),
    ]
    assert [one.ref for one in eligible(found, START + timedelta(hours=24))] == [1]
    assert [one.ref for one in eligible(found, None)] == [1, 2]


def test_the_public_board_has_the_best_that_it_released() -> None:
    found = [candidate(1, 17.0), candidate(2, 18.0, hours=1), candidate(3, 19.0, hours=2, released=False)]
    assert (chosen := on_public(found, sign=-1)) is not None
    assert chosen.ref == 2
    assert on_public([candidate(4, 1.0, released=False)], sign=-1) is None
    equal = [candidate(5, 17.0), candidate(6, 17.0, hours=1)]
    assert on_public(equal, sign=-1) == equal[0], "the earliest of equals"


def test_what_counts_in_the_end_is_a_rule() -> None:
    found = [
        candidate(1, 17.0, 16.0, selected=True),
        candidate(2, 18.0, 14.0, hours=1),
        candidate(3, 17.5, 15.0, hours=2, released=False, selected=True),
    ]
    for counts, ref in ((Counts.BEST, 2), (Counts.LAST, 3), (Counts.SELECTED, 1)):
        chosen = on_private(found, Rules(counts=counts), sign=-1)
        assert chosen is not None
        assert chosen.ref == ref, counts
    nobody_selected = [candidate(1, 17.0), candidate(2, 18.0, hours=1)]
    chosen = on_private(nobody_selected, Rules(counts=Counts.SELECTED), sign=-1)
    assert chosen is not None
    assert chosen.ref == 2, "else the best on the public board"
    assert on_private([], Rules(counts=Counts.LAST), sign=-1) is None
