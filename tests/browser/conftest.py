"""One course, one server and one browser for all of it; everybody who looks at it is a `Visitor`."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.course import Served, Terminal, copy_course, make_course, serving
from tests.browser.visitor import Visitor

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = Path(sys.prefix) / "axe" / "node_modules" / "axe-core" / "axe.min.js"
MOST_LOG = 10_000  # characters of the server's
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Visit(Protocol):
    def __call__(self, username: str = "", **options: object) -> Visitor: ...


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    own = tmp_path_factory.mktemp("class")
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with serving(copy_course(make_course(shared / "graded"), own), "--jobs", "1") as found:
        yield found


@pytest.fixture(scope="module")
def browser(served: Served) -> Iterator[Browser]:
    """Of a module: who comes after it may have an event loop of its own."""
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Visit]:
    """Opens a browser of somebody's: `visit("ada")` is logged in, `visit()` is not.

    A page's error, or anything that its policy forbids, fails the test.
    """
    opened: list[Visitor] = []

    def new(username: str = "", **options: object) -> Visitor:
        opened.append(Visitor(browser, served, **options))
        if username:
            opened[-1].log_in(username)
        return opened[-1]

    yield new
    for one in opened:  # shown where the test failed
        print(*one.texts(), sep="\n\n")
        one.close()
    print(served.log.read_text(encoding="utf-8")[-MOST_LOG:])
    assert [complaint for one in opened for complaint in one.complaints] == []


@pytest.fixture
def terminal(served: Served, tmp_path: Path) -> Terminal:
    return Terminal(served, tmp_path / "config")


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip(f"no axe: npm install --prefix {Path(sys.prefix) / 'axe'} axe-core")
    return AXE.read_text(encoding="utf-8")
