"""The policy of CMU's 11-785: the shipped example, and cases that were worked out by hand."""

import hashlib
from pathlib import Path

import pytest

from grader import catalogue
from leaderboard.grades.facts import Work
from leaderboard.grades.policy_file import read_policy
from leaderboard.grades.sheets import Sheet
from leaderboard.grades.terms import settle
from tests.leaderboard.grades.classes import graded, work

EXAMPLE = Path(__file__).resolve().parents[3] / "leaderboard" / "grades" / "examples" / "cmu-11785.toml"
PART = """
[[items]]
name = "{name}"
kind = "score"
group = "homework"
assignment = "denoising"
curve = [[10, 0], [16, 30], [17, 50], [18, 70], [19, 90]]
bonus = {{ best = 105, late_most = 100 }}
early = {{ by = 2026-11-10T18:00:00Z, percent = 10 }}
late = {{ percent = 10, days = 14 }}
"""
POLICY = "penalties = 'multiply'\nslack = { days = 10 }\ngroups = { homework = {} }\n" + "".join(
    PART.format(name=name) for name in ("HW1P2", "HW2P2", "HW3P2")
)
BEST = work(20.0)


def sheet(**own: Work) -> Sheet:
    """Of somebody in a class whose best has 20.0 everywhere."""
    best = dict.fromkeys(("HW1P2", "HW2P2", "HW3P2"), BEST)
    return graded(POLICY, {"best": best, "ada": own})["ada"]


@pytest.mark.parametrize(
    ("score", "points"),
    [
        (9.0, 0.0),  # flat below the first knot
        (13.0, 15.0),  # halfway from guessing to VERY LOW
        (16.0, 30.0),  # VERY LOW
        (16.5, 40.0),
        (17.0, 50.0),  # LOW
        (17.25, 55.0),
        (18.0, 70.0),  # MEDIUM
        (18.9, 88.0),
        (19.0, 90.0),  # HIGH
        (19.5, 97.5),  # halfway to the best, which has 105
        (20.0, 105.0),
    ],
)
def test_cut_offs_with_linear_interpolation_and_a_bonus(score: float, points: float) -> None:
    assert sheet(HW1P2=work(score)).grade("HW1P2").total == points


@pytest.mark.parametrize(
    ("score", "early", "days_late", "slack_first", "points", "slack"),
    [
        (18.0, False, -1.0, 0.0, 63.0, 0),  # no early submission: 70 less 10 %
        (20.0, False, -1.0, 0.0, 94.5, 0),  # the bonus, too
        (18.0, True, 0.5, 0.0, 70.0, 1),  # half a day late takes a whole slack day
        (18.0, True, 3.0, 0.0, 70.0, 3),
        (18.0, True, 3.01, 0.0, 70.0, 4),
        (18.0, True, 10.0, 0.0, 70.0, 10),
        (18.0, True, 10.5, 0.0, 63.0, 0),  # too late for slack: none is taken
        (18.0, True, 3.0, 8.0, 63.0, 0),  # two are left: too few
        (18.0, True, 2.0, 8.0, 70.0, 2),
        (18.0, False, 11.0, 0.0, 56.7, 0),  # both: 70 less 10 %, less 10 % of what is left
        (20.0, True, 2.0, 0.0, 100.0, 2),  # slack saves the penalty, not the five points beyond 100
        (19.5, True, 2.0, 0.0, 97.5, 2),
        (20.0, True, 11.0, 0.0, 90.0, 0),  # 100, less 10 %
        (18.0, True, 14.5, 0.0, 0.0, 0),  # after the late deadline
    ],
)
def test_early_late_and_slack(
    score: float, early: bool, days_late: float, slack_first: float, points: float, slack: int
) -> None:
    before = {"HW1P2": work((17.0, slack_first))} if slack_first else {}
    found = sheet(**before, HW2P2=work((score, days_late), early=early)).grade("HW2P2")
    assert (found.total, found.slack) == (points, slack)


def test_slack_days_are_one_account() -> None:
    found = sheet(HW1P2=work((18.0, 4.0)), HW2P2=work((18.0, 5.5)), HW3P2=work((18.0, 1.0)))
    assert [one.slack for one in found.grades] == [4.0, 6.0, 0.0]
    assert [one.total for one in found.grades] == [70.0, 70.0, 63.0]
    assert found.slack_left == 0.0


def test_a_late_submission_counts_only_if_it_gives_more() -> None:
    worse = sheet(HW1P2=work(18.0, (18.2, 11.0))).grade("HW1P2")  # 74 less 10 % is 66.6
    assert (worse.total, worse.ref, worse.slack) == (70.0, 1, 0.0)
    better = sheet(HW1P2=work(18.0, (18.2, 1.0))).grade("HW1P2")
    assert (better.total, better.ref, better.slack) == (74.0, 2, 1.0)


def test_the_best_of_the_class_is_one_that_is_on_time() -> None:
    found = graded(POLICY, {"ada": {"HW1P2": work(19.5)}, "bob": {"HW1P2": work((20.0, 1.0))}})
    assert found["ada"].grade("HW1P2").total == 105.0
    assert found["bob"].grade("HW1P2").total == 100.0


def test_every_step_is_told() -> None:
    steps = sheet(HW1P2=work((18.5, 11.0), early=False)).grade("HW1P2").steps
    assert steps == (
        "psnr 18.500 dB (submission #1)",
        "between 70 at 18.000 dB and 90 at 19.000 dB: 80 points",
        "no submission by 10 Nov 2026 18:00 UTC: −10 %",
        "received 11 days late: −10 %",
        "64.8 of 100 points",
    )


def test_the_example_fits_the_assignments_that_it_names() -> None:
    file = read_policy(EXAMPLE)
    assert file.sha256 == hashlib.sha256(EXAMPLE.read_bytes()).hexdigest()
    terms = {one.item.name: one for one in settle(file, catalogue.find)}
    assert [len([name for name in terms if name.startswith(kind)]) for kind in ("HW", "Quiz")] == [8, 14]
    for part, curve in ((name, one.curve) for name, one in terms.items() if name.endswith("P2")):
        assert curve is not None
        assert [knot.points for knot in curve.knots] == [0, 30, 50, 70, 90], part
    assert sum(group.weight or 0 for group in file.policy.groups.values()) == 100


def test_the_weights_of_the_example() -> None:
    """By hand: quizzes 24 × 1, homework 50 × (4 × 80 + 4 × 90) / 800, project 25 × 0.88, attendance 1."""
    text = EXAMPLE.read_text()
    file = read_policy(EXAMPLE)
    given = {one.name: one.points for one in file.policy.items}
    given |= {name: 80.0 for name in given if name.endswith("P1")}
    given |= {name: 90.0 for name in given if name.endswith("P2")}
    given |= {"Project": 88.0, "Quiz 3": 0.0, "Quiz 9": 1.0}  # the two that are dropped
    total = graded(text, {"ada": {}}, {"ada": given}, catalogue.find)["ada"].total
    assert total.points == pytest.approx(24 + 42.5 + 22 + 1)
    assert total.dropped == ("Quiz 3", "Quiz 9")
