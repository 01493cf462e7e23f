"""Rubrics: what is read of them, and what can't be."""

import pytest

from grader.errors import HeldoutError
from grader.notebook.rubric import RubricItem, check_sum, read_rubric
from tests.grader.notebook.course import solution

TWO = (RubricItem(1.5, "names the trade-off"), RubricItem(0.5, "says for whom"))
READ = {
    "at the end of an answer": solution("So.\n\nRubric:\n- [1.5] names the trade-off\n- [0.5] says for whom"),
    "with empty lines": "Rubric:\n\n- [1.5] names the trade-off\n\n-  [ 0,5 ]  says for whom \n\nOr: - [3]",
    "in the comments of code": solution("# Rubric:\n#- [1.5] names the trade-off\n# - [.5] says for whom"),
}
NONE = {
    "no rubric": solution("Because it is.\n- [2] of all"),
    "a title that is prose": "Rubric:\nRead it with care.\n- [1] a list",
    "a title alone": "So.\nRubric:",
    "a title within a sentence": "The Rubric:\n- [1] a list",
}
BAD = {
    "no points": ("- names it", "can't be read"),
    "a word": ("- [one] names it", "can't be read"),
    "nothing": ("- [] names it", "can't be read"),
    "zero": ("- [0] names it", "can't be read"),
    "less than zero": ("- [-1] names it", "can't be read"),
    "no number": ("- [nan] names it", "can't be read"),
    "too much": ("- [inf] names it", "can't be read"),
    "no text": ("- [1]", "can't be read"),
    "a text without end": (f"- [1] {'x' * 301}", "can't be read"),
    "twice": ("- [1] names it\n- [2] names it", "is twice"),
    "two lines": ("- [1] names it\n  and more", "is no item"),
}


@pytest.mark.parametrize("name", READ)
def test_items_are_read(name: str) -> None:
    assert read_rubric(READ[name]) == TWO


@pytest.mark.parametrize("name", NONE)
def test_an_answer_needs_no_rubric(name: str) -> None:
    assert read_rubric(NONE[name]) == ()
    check_sum((), 3.0)


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_said(name: str) -> None:
    lines, words = BAD[name]
    with pytest.raises(HeldoutError, match=words):
        read_rubric(solution(f"So.\nRubric:\n{lines}"))


def test_points_are_the_cells() -> None:
    check_sum([RubricItem(0.1, "a"), RubricItem(0.2, "b"), RubricItem(0.7, "c")], 1.0)
    with pytest.raises(HeldoutError, match="have 2 points together, the cell has 3"):
        check_sum(TWO, 3.0)
