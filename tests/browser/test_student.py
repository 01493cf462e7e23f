"""A student's day, in the browser and at the command line."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.course import Served, Terminal

pytestmark = pytest.mark.thorough

MODEL = """import time


class Model:
    def denoise(self, noisy):
        return noisy.clamp(0, 1) * {scale}


def load(folder, device):
    for number in range({naps}):
        print(f"warming up {{number}}", flush=True)
        time.sleep(0.5)
    return Model()
"""


def solution(folder: Path, name: str, *, naps: int = 0, scale: float = 1.0) -> Path:
    (folder / name).mkdir()
    (folder / name / "model.py").write_text(MODEL.format(naps=naps, scale=scale))
    return folder / name


def mark(page: Page) -> None:
    """A page that is loaded again forgets this."""
    page.evaluate("window.sinceTheFirst = true")


def same(page: Page) -> bool:
    return bool(page.evaluate("window.sinceTheFirst === true"))


def test_from_the_link_to_the_statement(visit: Visit, served: Served) -> None:
    reader = visit()
    page = reader.open("assignments/denoising/")
    expect(page).to_have_url(re.compile("login/"))
    reader.log_in("ada")
    expect(page.locator(".who")).to_contain_text("Ada Lovelace")
    assert "token" not in page.url
    page.get_by_role("link", name="Denoise clothes", exact=True).click()
    expect(page.locator("math").first).to_be_visible()
    assert page.locator(".statement math").count() >= 3
    expect(page.locator(".shell").first).to_contain_text(f"heldout login {served.address}")
    expect(page.locator("[data-relative]").first).to_have_text(re.compile(r"in 39 days"))


def test_a_submission_moves_by_itself(
    visit: Visit, served: Served, terminal: Terminal, tmp_path: Path
) -> None:
    """Queued, running with its log, scored with pictures, then on the board: nobody reloads."""
    reader = visit("ada")
    reader.open("account/")
    reader.press("Make a one-time token")
    terminal.log_in(reader.page.locator(".secret").inner_text().strip())
    board = reader.tab()
    board.goto("assignments/denoising/board/")
    mark(board)
    expect(board.get_by_role("row", name="Ada Lovelace")).to_have_count(0)
    with served.held_up():
        number = terminal.submit("denoising", solution(tmp_path, "first try", naps=10))
        page = reader.open(f"submissions/{number}/")
        mark(page)
        expect(page.locator(".headline .state.waiting")).to_contain_text("queued")
        expect(page.locator(".note")).to_contain_text("It is next.")
    expect(page.locator(".headline .state.running")).to_be_visible()
    expect(page.locator(".panel.running .log")).to_contain_text("warming up 1")
    expect(page.locator(".headline .state.good")).to_be_visible()
    expect(page.locator(".scores .main")).to_contain_text("±")
    expect(page.locator("pre.log")).to_contain_text("warming up 9")
    page.locator(".gallery img").first.scroll_into_view_if_needed()
    expect(page.locator(".gallery img").first).to_have_js_property("complete", True)
    assert page.locator(".gallery img").first.evaluate("image => image.naturalWidth") > 100
    row = board.get_by_role("row", name="Ada Lovelace")
    expect(row).to_be_visible()
    expect(row.locator(".score")).to_contain_text("±")
    expect(row.locator(".interval svg")).to_have_attribute("aria-label", re.compile(r"\d to \d"))
    assert same(page)
    assert same(board)
