"""From facts to grades: what always holds, and cases of each rule."""

import random
from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.grades.crowd import Crowd
from leaderboard.grades.facts import Attempt, Facts, Work
from leaderboard.grades.sheets import grade
from leaderboard.grades.totals import sum_up
from leaderboard.ranking import rank
from leaderboard.records import Snapshot, Standing, TeamKind
from tests.leaderboard.cases import PSNR
from tests.leaderboard.grades.classes import DUE, GIVEN, ITEM, graded, policy, pupil, totals, work

LATE = (
    ITEM
    + "late = { percent = 10, per = 'day', most = 50, days = 20 }\nbonus = { best = 110, late_most = 80 }\n"
)
THREE = "slack = { days = 4 }\n" + "".join(LATE.replace("HW1", f"HW{number}") for number in (1, 2, 3))
SCORES = st.floats(min_value=0, max_value=40)
DAYS = st.floats(min_value=-20, max_value=25)
WORK = st.lists(st.tuples(SCORES, DAYS), max_size=4).map(
    lambda pairs: work(*sorted(pairs, key=lambda pair: pair[1]), early=len(pairs) % 2 == 0)
)
STUDENTS = st.dictionaries(
    st.sampled_from(["ada", "bob", "eve", "zoe"]),
    st.dictionaries(st.sampled_from(["HW1", "HW2", "HW3"]), WORK),
    min_size=1,
)
NOTEBOOK = """
[[items]]
name = "NB"
kind = "notebook"
assignment = "denoising"
points = 20
late = { percent = 50 }
"""
FEW = settings(max_examples=60, deadline=None)


@FEW
@given(STUDENTS, st.sampled_from(["deadline", "gain"]), st.booleans(), st.sampled_from(["day", "hour"]))
def test_points_and_slack_are_bounded(
    students: Mapping[str, Mapping[str, Work]], order: str, partial: bool, unit: str
) -> None:
    more = f"days = 4, order = '{order}', partial = {str(partial).lower()}, unit = '{unit}'"
    for sheet in graded(THREE.replace("days = 4", more), students).values():
        assert all(0 <= (one.total or 0) <= 110 and one.penalty >= 0 for one in sheet.grades)
        assert all(one.slack >= 0 for one in sheet.grades)
        assert sheet.slack_left is not None
        assert sheet.slack_left >= 0
        assert sum(one.slack for one in sheet.grades) + sheet.slack_left == pytest.approx(4)


@FEW
@given(SCORES, SCORES, DAYS, SCORES)
def test_a_better_score_never_has_fewer_points(one: float, other: float, days: float, best: float) -> None:
    students = {"best": {"HW1": work(best)}}
    found = []
    for score in sorted((one, other)):
        made = graded(LATE, students | {"ada": {"HW1": work((score, days))}})["ada"]
        found.append(made.total.points or 0.0)
    assert found[0] <= found[1]


@FEW
@given(STUDENTS, st.randoms(use_true_random=False))
def test_the_order_of_students_is_irrelevant(
    students: dict[str, Mapping[str, Work]], shuffled: random.Random
) -> None:
    names = list(students)
    shuffled.shuffle(names)
    first, second = graded(THREE, students), graded(THREE, {name: students[name] for name in names})
    for name in students:
        assert first[name].grades == second[name].grades
        assert first[name].total == second[name].total


@FEW
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 50), st.integers(0, 50), st.integers(1, 5)),
        min_size=6,
    ),
    st.sampled_from(["points", "percent"]),
    st.sampled_from("abc"),
)
def test_dropping_never_lowers(lines: list[tuple[str, int, int, int]], total: str, group: str) -> None:
    items = "".join(
        f'\n[[items]]\nname = "I{n}"\nkind = "given"\npoints = {points}\nweight = {weight}\n'
        f'group = "{name}"\n'
        for n, (name, points, _, weight) in enumerate(lines)
    )
    used = {name for name, *_ in lines}
    count = sum(name == group for name, *_ in lines)
    weight = "weight = 7" if total == "percent" else ""

    def percent(drop: int) -> float:
        groups = "".join(
            f"[groups.{name}]\n{weight}\ndrop = {min(drop, count - 1) if name == group else 0}\n"
            for name in used
        )
        file, terms = policy(f"total = '{total}'\ndigits = 6\n{groups}{items}")
        own = {f"I{n}": float(points) for n, (_, _, points, _) in enumerate(lines)}
        sheets = graded(file.text, {"ada": {}}, {"ada": own})
        found = sum_up(file.policy, sheets["ada"].grades).percent
        assert len(terms) == len(lines)
        assert found is not None
        return found

    if count:
        assert percent(0) <= percent(1) + 1e-5
        assert percent(1) <= percent(2) + 1e-5


# ---------------------------------------------------------------- each rule


@pytest.mark.parametrize(
    ("days", "percent"), [(0.0, 0), (0.1, 10), (1.0, 10), (1.001, 20), (4.9, 50), (19.0, 50), (20.1, 100)]
)
def test_late_by_the_day_up_to_a_cap(days: float, percent: int) -> None:
    found = graded(
        ITEM + "late = { percent = 10, per = 'day', most = 50, days = 20 }",
        {"ada": {"HW1": work((19.7, days))}},
    )
    assert found["ada"].grade("HW1").total == pytest.approx(100 - percent)


@pytest.mark.parametrize(
    ("rule", "total"),
    [
        ("late = { points = 15 }", 85.0),
        ("late = { points = 15, per = 'day' }", 55.0),
        ("late = { points = 15, per = 'day', most = 40 }", 60.0),
        ("late = { percent = 10, until = 2026-11-23T18:00:00Z }", 90.0),
        ("late = { percent = 10, until = 2026-11-22T18:00:00Z }", 0.0),
        ("", 0.0),
    ],
)
def test_late_by_two_and_a_half_days(rule: str, total: float) -> None:
    assert graded(ITEM + rule, {"ada": {"HW1": work((19.7, 2.5))}})["ada"].grade(
        "HW1"
    ).total == pytest.approx(total)


@pytest.mark.parametrize(("how", "total"), [("multiply", 72.0), ("add", 70.0)])
def test_two_percentages(how: str, total: float) -> None:
    rules = "early = { by = 2026-11-01T00:00:00Z, percent = 10 }\nlate = { percent = 20 }"
    found = graded(f"penalties = '{how}'{ITEM}{rules}", {"ada": {"HW1": work((19.7, 1), early=False)}})
    assert found["ada"].grade("HW1").total == pytest.approx(total)


@pytest.mark.parametrize(
    ("slack", "rule", "total", "taken"),
    [
        ("days = 2", "percent = 10, per = 'day'", 70.0, 0.0),
        ("days = 2, partial = true", "percent = 10, per = 'day'", 90.0, 2.0),
        ("days = 2, partial = true", "percent = 10", 90.0, 0.0),  # what is late at all pays all of it
        ("days = 3", "percent = 10", 100.0, 3.0),
        ("days = 3, unit = 'hour'", "percent = 10", 100.0, 61 / 24),
        ("days = 3", "percent = 10, most_slack = 2", 90.0, 0.0),
        ("days = 3", "percent = 10, slack = false", 90.0, 0.0),
    ],
)
def test_slack(slack: str, rule: str, total: float, taken: float) -> None:
    text = f"slack = {{ {slack} }}{ITEM}late = {{ {rule} }}"
    found = graded(text, {"ada": {"HW1": work((19.7, 2.51))}})["ada"].grade("HW1")
    assert (found.total, found.slack) == (total, taken)


def test_who_is_due_first_takes_slack_first() -> None:
    second, later = ITEM.replace("HW1", "HW2"), DUE + timedelta(days=7)
    text = "slack = { days = 2 }" + ITEM + "late = { percent = 10 }" + second + "late = { percent = 50 }"
    own = {"HW1": work((19.7, 2.0)), "HW2": Work((Attempt(9, 19.7, later + timedelta(days=2)),), later, True)}
    found = graded(text, {"ada": own})["ada"]
    assert [one.total for one in found.grades] == [100.0, 50.0]


def test_slack_goes_where_it_saves_most() -> None:
    text = (
        "slack = { days = 2, order = 'gain' }" + ITEM + "late = { percent = 10 }" + ITEM.replace("HW1", "HW2")
    )
    found = graded(
        text + "late = { percent = 50 }", {"ada": {"HW1": work((19.7, 2.0)), "HW2": work((19.7, 2.0))}}
    )["ada"]
    assert [one.total for one in found.grades] == [90.0, 100.0]


def test_lower_is_better() -> None:
    text = ITEM.replace("denoising", "gan").replace(
        '["baseline", 50], ["reference", 100]', "[2.0, 50], [1.0, 100]"
    )
    students = {name: {"HW1": work(score)} for name, score in (("ada", 1.5), ("bob", 0.5), ("eve", 3.0))}
    assert totals(graded(text, students), "HW1") == {"ada": 75.0, "bob": 100.0, "eve": 50.0}
    better = graded(text + "bonus = { best = 120 }", students)
    assert totals(better, "HW1") == {"ada": 75.0, "bob": 120.0, "eve": 50.0}


def test_a_bonus_for_ranks() -> None:
    text = ITEM + "bonus = { ranks = [[1, 5], [3, 2]] }"
    students = {
        name: {"HW1": work(score)} for name, score in (("a", 20.0), ("b", 19.9), ("c", 19.9), ("d", 19.8))
    }
    assert totals(graded(text, students), "HW1") == {"a": 105.0, "b": 102.0, "c": 102.0, "d": 100.0}


def test_ranks_are_those_of_the_board() -> None:
    """Teams that can't be told apart share one; a team's members are one."""
    gains = [18.0, 19.9, 20.0]
    assert [Crowd(gains, [-19.0]).rank(gain) for gain in gains] == [3, 1, 1]
    assert [Crowd(gains, []).rank(gain) for gain in gains] == [1, 1, 1]
    assert [Crowd(gains).rank(gain) for gain in gains] == [3, 2, 1]


@FEW
@given(st.lists(SCORES, min_size=1, max_size=12), st.lists(SCORES, max_size=4))
def test_ranks_are_those_that_the_board_prints(scores: list[float], leaders: list[float]) -> None:
    edges = sorted(-one for one in leaders)
    standings = [
        Standing(number, f"T{number}", f"t{number}", TeamKind.STUDENT, number, score, 0.1, DUE, 1, DUE)
        for number, score in enumerate(scores)
    ]
    printed = {row.score: row.rank for row in rank(Snapshot(standings, edges), PSNR, tier_of=lambda _: "")}
    crowd = Crowd(sorted(scores), edges)
    assert {score: crowd.rank(score) for score in scores} == printed


def test_what_is_missing() -> None:
    nothing = graded("letters = { A = 90, F = 0 }" + ITEM + GIVEN, {"ada": {}})["ada"]
    assert (nothing.total.points, nothing.total.percent, nothing.total.letter) == (0.0, 0.0, "F")
    assert nothing.grade("Essay").steps[0] == "nothing was entered"
    text = "missing = 'leave out'" + ITEM + GIVEN
    assert graded(text, {"ada": {}})["ada"].total.percent is None
    half = graded(text, {"ada": {}}, {"ada": {"Essay": 15.0}})["ada"].total
    assert (half.points, half.possible, half.percent) == (15.0, 20.0, 75.0)


def test_entered_points_take_the_place_of_computed_ones() -> None:
    found = graded(ITEM, {"ada": {"HW1": work(19.7)}}, {"ada": {"HW1": 42.0}})["ada"].grade("HW1")
    assert (found.total, found.source, found.ref) == (42.0, "entered", None)
    assert found.steps == ("42 of 100 points entered by ines, in place of what was computed", "why")


@pytest.mark.parametrize(
    ("points", "letter"), [(17.98, "B"), (17.999, "A"), (18.0, "A"), (14.0, "C"), (20.0, "A"), (0.0, "")]
)
def test_letters_go_by_the_rounded_percentage(points: float, letter: str) -> None:
    text = "letters = { A = 90, B = 80, C = 70 }" + GIVEN
    assert graded(text, {"ada": {}}, {"ada": {"Essay": points}})["ada"].total.letter == letter


def test_weights_of_items_in_points() -> None:
    text = ITEM.replace("[[items]]", "[[items]]\nweight = 0.5") + GIVEN
    total = graded(text, {"ada": {"HW1": work(19.7)}}, {"ada": {"Essay": 10.0}})["ada"].total
    assert (total.points, total.possible) == (60.0, 70.0)


def test_a_notebook_counts_by_its_part() -> None:
    file, terms = policy(NOTEBOOK)
    attempts = (Attempt(1, 0.5, DUE, pending=2), Attempt(2, 0.8, DUE + timedelta(days=1)))
    [sheet] = grade(file.policy, terms, Facts([pupil("ada")], {"ada": {"NB": Work(attempts, DUE, True)}}))
    [found] = sheet.grades
    assert found.total == 10.0
    assert found.steps[:2] == (
        "50 % of the notebook's points (#1)",
        "2 cells wait to be graded by hand: this may change",
    )
