"""What a student decides on pages, with scripts and without; what is nobody else's; the door."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.course import Served
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.thorough

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


def refs(page: Page) -> dict[str, str]:
    """The team's own submissions: by description, the address of each."""
    links = page.locator("tbody tr").all()
    return {
        row.locator("td.words bdi").first.inner_text(): row.locator("th a").get_attribute("href") or ""
        for row in links
    }


def ticked(page: Page) -> list[bool]:
    return [box.is_checked() for box in page.locator("input[type=checkbox]").all()]


@SCRIPTS
def test_selecting(visit: Visit, scripts: bool) -> None:
    reader = visit("dorothy", java_script_enabled=scripts)
    page = reader.open("assignments/denoising/mine/")
    assert len(ticked(page)) == 2  # what failed can't be chosen
    for wanted in ([True, True], [False, True], [False, False]):
        for box, tick in zip(page.locator("input[type=checkbox]").all(), wanted, strict=True):
            box.set_checked(tick)
        reader.press("Save the selection")
        assert ticked(page) == wanted
        page.reload()
        assert ticked(page) == wanted


@SCRIPTS
def test_writing_up_withdrawing_and_bringing_back(visit: Visit, scripts: bool) -> None:
    reader = visit("dorothy", java_script_enabled=scripts)
    page = reader.open("assignments/denoising/mine/")
    page.get_by_role("row", name="constant").get_by_role("link").click()
    page.get_by_label("Write-up").fill("## Grey\n\nThe mean $\\bar x$ everywhere.\n<script>alert(1)</script>")
    reader.press("Save")
    expect(page.locator(".prose h2, .prose h3, .prose h4, .prose h5")).to_have_text("Grey")
    expect(page.locator(".prose math")).to_have_count(1)
    expect(page.locator(".prose")).to_contain_text("<script>alert(1)</script>")
    page.get_by_label("Write-up").fill("")
    reader.press("Save")
    expect(page.locator(".prose")).to_have_count(0)
    before = page.locator(".headline").inner_text()
    reader.press("Withdraw")
    expect(page.locator(".headline")).to_contain_text("withdrawn")
    expect(page.get_by_label("Write-up")).to_have_count(0)
    reader.press("Bring it back")
    expect(page.locator(".headline")).to_have_text(before)


def test_what_failed_says_why_and_what_next_to_its_team_alone(visit: Visit) -> None:
    own = visit("dorothy")
    page = own.open("assignments/denoising/mine/")
    page.get_by_role("row", name="wrong_shape").get_by_role("link").click()
    alert = page.locator(".alert")
    expect(alert.locator("code")).to_have_text("wrong_shape")
    for word in ("expected", "next"):
        expect(alert.locator("pre")).to_contain_text(word)
    other = visit("florence")
    path = page.url.removeprefix(f"{own.served.address}/")
    expect(other.open(path, 404).locator("h1")).to_be_visible()
    expect(other.page.locator("main")).not_to_contain_text("wrong_shape")
    expect(other.page.locator("main")).not_to_contain_text("Dorothy")
    for path in ("staff/", "staff/roster/", "staff/denoising/grades/", "staff/denoising/integrity/"):
        other.open(path, 403)
    other.open("assignments/denoising/board/private/", 403)


def test_a_token_that_is_used_or_old_and_logging_out(visit: Visit, served: Served) -> None:
    token = served.token("florence")
    reader = visit()
    enter(reader, token)
    expect(reader.page.locator(".who")).to_contain_text("Florence")
    reader.open("account/")
    reader.press("Log out")
    expect(reader.page.locator("h1")).to_have_text("Log in")
    expect(reader.open("assignments/rnn/").locator("h1")).to_have_text("Log in")
    for refused in (token, served.token("florence", hours=1e-6), "hi_nonsense"):
        enter(reader, refused, 401)
        expect(reader.page.get_by_role("alert")).to_contain_text(re.compile("next.*instructor", re.DOTALL))


def enter(reader: Visitor, token: str, status: int = 200) -> None:
    reader.open("login/").get_by_label("One-time token").fill(token)
    reader.press("Log in", status)
