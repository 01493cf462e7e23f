"""What may be in a policy, and what is said of what may not."""

import re
from pathlib import Path

import pytest

from grader import catalogue
from grader.errors import HeldoutError
from leaderboard.grades.policy_file import parse_policy, read_policy
from tests.leaderboard.grades.classes import GIVEN, ITEM, policy

HOME = Path(__file__).resolve().parents[3]
DOCUMENT, EXAMPLE = HOME / "docs" / "grades.md", HOME / "leaderboard/grades/examples/cmu-11785.toml"
SECOND = ITEM.replace("HW1", "HW2")
GROUPED = ITEM.replace('name = "HW1"', 'name = "HW1"\ngroup = "homework"')
NO_NAMES = ("=1+1", "a,b", " a", "a\\u202e", "x" * 101)
RANKS = "item 'HW1', bonus: ranks: expected ranks in ascending"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("items = [", "the policy can't be read"),
        ("", "items: field required"),
        ("items = []", "items: "),
        (ITEM + "colour = 1", "item 'HW1', colour: there is no such key"),
        ("colour = 1" + ITEM, "colour: there is no such key"),
        (ITEM.replace('"score"', '"exam"'), "item 'HW1': "),
        (ITEM + ITEM, "two items are called 'hw1'"),
        (ITEM + ITEM.replace("HW1", "ｈｗ1"), "two items are called 'hw1'"),
        *((ITEM.replace("HW1", name), "heads a column of its own") for name in ("Total", "percent", "name")),
        *((ITEM.replace("HW1", name), "is no name for an item") for name in NO_NAMES),
        (ITEM.replace("[[items]]", "[[items]]\npoints = 0"), "item 'HW1', points: "),
        (ITEM.replace("[[items]]", "[[items]]\npoints = '5'"), "item 'HW1', points: "),
        (ITEM.replace("[[items]]", "[[items]]\npoints = nan"), "item 'HW1', points: "),
        (ITEM + "deadline = 2026-11-20T18:00:00", "item 'HW1', deadline: "),
        (ITEM + "deadline = 20261120", "item 'HW1', deadline: 20261120 is no time"),
        (ITEM + "late = { percent = 101 }", "item 'HW1', late.percent: "),
        (ITEM + "late = { percent = 10, points = 5 }", "item 'HW1', late: expected either percent or points"),
        (ITEM + "late = { days = 3 }", "item 'HW1', late: expected either percent or points"),
        (ITEM + "early = { percent = 10 }", "item 'HW1', early.by: field required"),
        (ITEM + "bonus = { ranks = [[2, 5], [1, 10]] }", RANKS),
        (ITEM + "bonus = { ranks = [[1, 5], [2, 10]] }", RANKS),
        (GIVEN + "late = { percent = 1 }", "item 'Essay', late: there is no such key"),
        (GROUPED, "of the group 'homework', and there is none"),
        ("groups = { homework = { drop = 1 } }" + GROUPED, "drop = 1, and the group has 1 items"),
        ("groups = { homework = { weight = 1 } }" + GROUPED, "has a weight, and total = 'points'"),
        ("total = 'percent'\ngroups = { homework = {} }" + GROUPED, "needs a weight"),
        ("letters = { A = 90, B = 90 }" + ITEM, "two begin at the same percentage"),
        ("slack = { days = 0 }" + ITEM, "slack.days: "),
        ("slack = { days = 3, unit = 'week' }" + ITEM, "slack.unit: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(HeldoutError) as raised:
        parse_policy(text, "grades.toml")
    assert said in raised.value.what
    assert raised.value.where.startswith("grades.toml")
    assert raised.value.expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ITEM.replace('"reference"', '"stretch"'), "denoising (evaluate) has no tier 'stretch'"),
        (ITEM + 'run_kind = "train"', "denoising (train) has no tier 'baseline'"),
        (ITEM + 'early = { by = 2026-11-01T00:00:00Z, percent = 5, score = "best" }', "has no tier 'best'"),
        (ITEM.replace("100]", "40]"), "the curve gives 50 points at 17.8 and 40 at 19.7"),
        (ITEM.replace('"reference"', "17.8"), "the curve gives 50 points at 17.8 and 100 at 17.8"),
        (
            ITEM.replace("denoising", "gan").replace(
                '["baseline", 50], ["reference", 100]', "[1.0, 50], [2.0, 100]"
            ),
            "the curve gives 100 points at 2 and 50 at 1",
        ),
    ],
)
def test_a_curve_fits_its_assignment(text: str, said: str) -> None:
    with pytest.raises(HeldoutError) as raised:
        policy(text)
    assert said in raised.value.what
    assert raised.value.where == "grades.toml, item 'HW1'"


def test_an_assignment_that_the_course_lacks() -> None:
    with pytest.raises(HeldoutError, match="juggling") as raised:
        policy(ITEM.replace("denoising", "juggling"), catalogue.find)
    assert raised.value.where == "grades.toml, item 'HW1'"


def test_a_policy_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HeldoutError, match="the course has no grading policy") as raised:
        read_policy(tmp_path / "grades.toml")
    assert "docs/grades.md" in raised.value.next_step
    (tmp_path / "grades.toml").write_bytes(b"title = '\xff'")
    with pytest.raises(HeldoutError, match="the policy is no text"):
        read_policy(tmp_path / "grades.toml")


def test_the_version_is_that_of_the_text() -> None:
    assert parse_policy(ITEM).sha256 != parse_policy(ITEM + "# a remark").sha256
    assert parse_policy(ITEM).policy == parse_policy(ITEM + "# a remark").policy


def test_what_the_documentation_shows_is_a_policy() -> None:
    shown = re.findall(r"^```toml\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for text in shown:
        groups = "" if "[groups" in text else "groups = { homework = {} }\n"
        policy(groups + text, catalogue.find)
    assert len(shown) == 2
    assert shown[1] in EXAMPLE.read_text(encoding="utf-8")


def test_names_are_found_as_they_are_read() -> None:
    found = parse_policy(ITEM + SECOND).policy
    assert found.item(" ｈW2 ") == found.items[1]
    assert found.item("HW3") is None
