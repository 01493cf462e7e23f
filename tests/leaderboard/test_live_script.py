"""Pages while they are open, in a browser where there is one: they keep up, and disturb nobody who types."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leaderboard.records import State
from leaderboard.web import personal
from leaderboard.web.files import TYPES, shared_files
from tests.leaderboard.every_page import frame, menu, told
from tests.leaderboard.test_render import submission

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")

HOME = "http://heldout.test/"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class Site:
    """A server of one page, in the browser: it says that something happened whenever it is listened to."""

    def __init__(self) -> None:
        self.html = ""
        self.asked = 0

    def answer(self, route: Any) -> None:
        path = route.request.url.removeprefix(HOME).partition("?")[0]
        if path == "events":
            route.fulfill(body="retry: 300\n\ndata: x\n\n", content_type="text/event-stream")
        elif path in shared_files():
            suffix = path[path.rindex(".") :]
            route.fulfill(body=shared_files()[path], content_type=TYPES[suffix])
        elif path == "":
            self.asked += 1
            route.fulfill(
                body=self.html, content_type="text/html", headers={"Content-Security-Policy": POLICY}
            )
        else:
            route.fulfill(status=404)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """With `site`, its server; whatever goes wrong in the script or against the policy fails the test."""
    opened = browser.new_page()
    opened.complaints = []
    opened.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.on("console", lambda said: opened.complaints.append(said.text) if "Refused" in said.text else None)
    opened.site = Site()
    opened.route("**/*", opened.site.answer)
    yield opened
    assert opened.complaints == []
    opened.close()


def show(page: Any, state: State) -> None:
    reader = replace(frame(home=""), now=datetime.now(UTC))
    page.site.html = personal.submission_page(reader, menu(), submission(state))


def test_a_page_shows_what_happened_meanwhile(page: Any) -> None:
    show(page, State.QUEUED)
    page.goto(HOME)
    assert page.locator(".headline .state").inner_text() == "queued"
    show(page, State.SCORED)
    page.locator(".headline .state.good").wait_for(timeout=10_000)
    assert "19.25" in page.locator(".scores").inner_text()


def test_who_types_is_not_disturbed_and_focus_and_place_are_kept(page: Any) -> None:
    show(page, State.SCORED)
    page.set_viewport_size({"width": 800, "height": 400})
    page.goto(HOME)
    page.locator("textarea").fill("half a sentence")
    show(page, State.FAILED)
    asked = page.site.asked
    page.wait_for_timeout(1500)
    assert page.locator("textarea").input_value() == "half a sentence"
    assert page.site.asked == asked
    page.locator("textarea").fill("")
    page.locator("button.risky").focus()
    page.evaluate("scrollTo(0, 60)")
    page.locator(".headline .state.bad").wait_for(timeout=10_000)
    assert page.evaluate("document.activeElement.textContent") == "Withdraw"
    assert page.evaluate("scrollY") == 60


def test_times_tick_and_a_log_is_followed(page: Any) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=30)
    at = told("x", state=State.RUNNING, place=None)
    assert at.progress
    long = "\n".join(f"step {number}" for number in range(400))
    running = replace(at, progress=replace(at.progress, tail=long, at=soon - timedelta(minutes=5)))
    page.site.html = personal.submission_page(replace(frame(home=""), now=soon), menu(), running)
    page.goto(HOME)
    assert page.locator(".panel.running [data-past]").inner_text() == "4 min ago"
    page.evaluate("document.querySelector('.log').scrollTop = 1e6")
    page.site.html = page.site.html.replace("step 399", "step 399\nstep 400")
    page.get_by_text("step 400").wait_for(timeout=10_000)
    box = "const box = document.querySelector('.log'); box"
    assert page.evaluate(f"{box}.scrollTop + box.clientHeight >= box.scrollHeight - 3")
