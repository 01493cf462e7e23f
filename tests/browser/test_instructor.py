"""An instructor's day: who waits, what was decided and by whom; what students see of it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.course import SANITY, Served

pytestmark = pytest.mark.thorough


@pytest.fixture
def rules(served: Served) -> Iterator[Served]:
    """Whose course.toml may be changed."""
    yield served
    served.settle()


def over() -> str:
    """A deadline that has just passed: what came before it counts."""
    return f"rules = {{ deadline = {datetime.now(UTC) - timedelta(seconds=1):%FT%TZ} }}"


def test_the_queue_and_everybodys_submissions(visit: Visit, served: Served) -> None:
    reader = visit("ines")
    page = reader.open("staff/")
    expect(page.get_by_role("region", name="Graders").locator("tbody tr")).to_have_count(1)
    with served.held_up():
        number = served.hand_in("Carl Gauss", "denoising", SANITY / "raises")
        waiting = page.locator("tbody tr", has_text="Carl Gauss")
        expect(waiting).to_contain_text("queued")
    expect(waiting).to_have_count(0)  # by itself
    listed = reader.open("staff/submissions/?slug=denoising").locator("tbody")
    expect(listed.get_by_role("row", name="Carl Gauss")).to_contain_text("failed")
    expect(listed.get_by_role("row", name="Dorothy Vaughan")).to_have_count(3)
    expect(reader.open(f"submissions/{number}/").locator(".alert")).to_contain_text("raised")
    people = reader.open("staff/roster/").get_by_role("row")
    expect(people.filter(has_text="dorothy@example.org")).to_contain_text("student")
    expect(people.filter(has_text="omar@example.org")).to_contain_text("observer")


def test_a_regrade_is_looked_at_and_applied(visit: Visit, rules: Served) -> None:
    reader = visit("ines")
    score = reader.open("assignments/rnn/board/").locator("tr.student .score")
    before = score.inner_text()
    rules.settle(items=96)
    rules.run("regrade", "rnn", "-m", "other chapters", "--new-data")
    page = reader.open("staff/rnn/regrades/")
    expect(page.locator("#set")).to_contain_text("other chapters")
    while page.get_by_role("button", name="Apply all at once").count() == 0:
        page.reload()
    expect(page.locator("tbody tr", has_text="Brook Taylor").first).to_be_visible()
    reader.press("Apply all at once")
    expect(page.locator(".empty")).to_contain_text("No set is open")
    reader.open("assignments/rnn/board/")
    assert score.inner_text() != before
    applied = reader.open("staff/audit/").locator("tbody tr", has_text="regrade applied")
    expect(applied.first).to_contain_text("ines")


def test_revealed_and_hidden_again(visit: Visit, rules: Served) -> None:
    reader, student = visit("ines"), visit("florence")
    open_board = student.open("assignments/rnn/board/")
    expect(open_board.get_by_role("link", name="Board, private")).to_have_count(0)
    reader.open("assignments/rnn/")
    reader.press("Show them to everybody", 409)
    expect(reader.page.locator("main")).to_contain_text("some may still submit")
    rules.settle(rnn=over())
    reader.open("assignments/rnn/")
    reader.press("Show them to everybody")
    private = open_board.get_by_role("link", name="Board, private")
    expect(private).to_be_visible()  # by itself
    private.click()
    expect(open_board.locator("caption")).to_contain_text("Private leaderboard")
    expect(open_board.get_by_role("row", name="Brook Taylor")).to_be_visible()
    reader.press("Hide them again")
    student.open("assignments/rnn/board/private/", 403)
    student.open("assignments/rnn/train/private/", 403)
    log = reader.open("staff/audit/").locator("tbody tr")
    expect(log.filter(has_text="reveal").filter(has_text="rnn").first).to_contain_text("ines")


def test_write_ups_after_the_deadline(visit: Visit, rules: Served) -> None:
    writer, other = visit("brook"), visit("florence")
    page = writer.open("assignments/rnn/mine/")
    page.get_by_role("row", name="frequencies").get_by_role("link").click()
    page.get_by_label("Write-up").fill("I **counted**.")
    writer.press("Save")
    other.open("assignments/rnn/solutions/", 403)
    rules.settle(rnn=over())
    other.open("assignments/rnn/")
    other.page.get_by_role("link", name="Write-ups").click()
    expect(other.page.locator(".prose strong")).to_have_text("counted")
    expect(other.page.locator("main")).to_contain_text("Brook Taylor")


def test_what_looks_alike_and_grades(visit: Visit) -> None:
    reader = visit("ines")
    page = reader.open("assignments/denoising/")
    page.get_by_role("link", name="Integrity").click()
    expect(page.locator("h1")).to_have_text(re.compile("worth a look"))
    expect(page.get_by_role("row", name="Emmy Noether").first).to_contain_text("identical outputs")
    page.get_by_role("link", name="Grades", exact=True).click()
    expect(page.get_by_role("row", name="Dorothy Vaughan").locator("strong")).to_have_count(2)


def test_an_observer_sees_all_and_decides_nothing(visit: Visit, served: Served) -> None:
    reader = visit("omar")
    for path in ("staff/", "staff/submissions/", "assignments/rnn/", "staff/rnn/regrades/", "submissions/1/"):
        expect(reader.open(path).locator("main form, main button")).to_have_count(0)
    csrf = reader.open("account/").locator("input[name=csrf]").first.input_value()
    for path in ("staff/rnn/reveal", "staff/rnn/regrades/apply", "submissions/1/withdraw"):
        answer = reader.page.request.post(path, form={"csrf": csrf, "number": "1"})
        assert answer.status == 403, path
        assert "Traceback" not in answer.text()
    expect(reader.open("assignments/rnn/board/private/").locator("h1")).to_be_visible()
