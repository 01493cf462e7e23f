"""Answers are read one after the other, and their authors read what came of it: without any script."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.course import Served
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.thorough

HOME = "assignments/denoising/notebooks/"
PLAIN = {"java_script_enabled": False}


@pytest.fixture
def over(served: Served) -> Iterator[Served]:
    """Nobody may hand in any more: only then feedback may be released."""
    served.settle(denoising=f"rules = {{ deadline = {datetime.now(UTC) - timedelta(seconds=1):%FT%TZ} }}")
    yield served
    served.settle()


JENSEN, LOSS = "convexity (Jensen)", "concludes for the loss"


def give(reader: Visitor, answer: Locator, points: str, comment: str, *met: str) -> None:
    ticks = answer.get_by_role("group", name="What the answer does")
    for item in met:
        ticks.get_by_label(item).check()
    answer.get_by_label("Points").fill(points)
    answer.get_by_label("Comment").fill(comment)
    with reader.page.expect_navigation():
        answer.get_by_role("button", name="Save and go on").click()


def test_answers_are_marked_and_comments_read_once_feedback_is_released(visit: Visit, over: Served) -> None:
    reader, student = visit("ines", **PLAIN), visit("florence", **PLAIN)
    page = reader.open(HOME)
    page.get_by_role("link", name="answer-averages").click()
    brook, florence = (page.get_by_role("article", name=name) for name in ("Brook", "Florence"))
    expect(page.get_by_text("2 answers are yet to be read.")).to_be_visible()
    expect(florence.locator("em")).to_have_text("Jensen")
    give(reader, brook, "", "Which one?", JENSEN)
    expect(florence).to_be_in_viewport()
    page.get_by_role("link", name="Without names").click()
    expect(page.locator("main")).not_to_contain_text("Florence N")
    page.get_by_role("link", name="With names").click()
    expect(brook.locator("header strong")).to_have_text("1")
    expect(brook.get_by_label(JENSEN)).to_be_checked()
    expect(brook.get_by_label("Points")).to_have_value("")
    give(reader, florence, "2.5", "Yes: the *second* one.", JENSEN, LOSS)
    expect(page.get_by_role("status")).to_contain_text("All answers to this question have been read.")
    expect(florence.get_by_label("Points")).to_have_value("2.5")
    mine = student.open("assignments/denoising/mine/")
    mine.get_by_role("region", name="notebooks").locator("th a").click()
    expect(mine.locator("main")).not_to_contain_text("second one")
    expect(mine.locator(".output img")).to_have_count(1)
    reader.open(HOME)
    reader.press("Release feedback")
    mine.reload()
    expect(mine.locator(".said").first).to_have_text("Yes: the *second* one.")
    expect(mine.locator(".scores .main")).to_contain_text("2.5 of 5")
    found = mine.locator(".got").get_by_role("listitem")
    expect(found).to_contain_text(["met: says that the mean", "not met: says which", "met: concludes"])
    expect(mine.locator("main")).to_contain_text("fails a hidden test")
    expect(mine.locator("main")).to_contain_text("ValueError: no")
    reader.press("Take it back")
    mine.reload()
    expect(mine.locator("main")).not_to_contain_text("second one")
    expect(mine.locator("main")).not_to_contain_text("Jensen)")


def test_points_that_cannot_be_are_said_where_they_were_typed(visit: Visit) -> None:
    reader = visit("ines")
    page = reader.open(f"{HOME}test_add_noise/")
    answer = page.get_by_role("article", name="Florence")
    page.evaluate("document.querySelectorAll('form').forEach((form) => { form.noValidate = true; })")
    answer.get_by_label("Comment").fill("lost?")
    answer.get_by_label("Points").fill("9")
    with page.expect_navigation() as going:
        answer.get_by_role("button", name="Save and go on").click()
    reader._check(going.value, 400)
    expect(answer.get_by_role("alert")).to_contain_text("from 0 to 2")
    expect(answer.get_by_label("Points")).to_have_value("9")
    expect(answer.get_by_label("Points")).to_be_focused()
    expect(answer.get_by_label("Comment")).to_have_value("lost?")
