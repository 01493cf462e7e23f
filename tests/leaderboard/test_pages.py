"""Every page of a server: whole and harmless whoever's names are on it, and fit for all who read it."""

import itertools
import re
from pathlib import Path

import pytest

from leaderboard.membership import Person
from leaderboard.web.files import shared_files
from leaderboard.web.frame import Frame
from tests.leaderboard.every_page import ADA, OMAR, PAGES, ROSSI, frame
from tests.leaderboard.markup import Markup
from tests.leaderboard.test_render import HOSTILE

READERS = (None, ADA, OMAR, ROSSI)
SCRIPT = "../../static/live.js"
STATIC = Path(__file__).parents[2] / "leaderboard" / "web" / "static"
NASTY = [
    *HOSTILE,
    '"\' onload=alert(1) x="',
    "{{ 7*7 }}",
    "</textarea></pre></script>",
    "javascript:alert(1)",
    "",
]
PATHS = re.compile(
    r"(assignments/[a-z0-9-]+/(((board|train)/(private/)?)|gallery/|solutions/|mine/|notebooks/([A-Za-z0-9._-]+/)?)?)?"
    r"|submissions/\d+/|login/|grades/|account/|staff/((submissions|roster|audit)/|[a-z0-9-]+/(grades|regrades|integrity)/)?"
)
POSTS = re.compile(
    r"logout|account/link|assignments/[a-z0-9-]+/(mine/select|notebooks/(release|[A-Za-z0-9._-]+/mark))|submissions/\d+/(withdraw|writeup)"
    r"|staff/(pause|drain|[a-z0-9-]+/(reveal|regrades/(apply|cancel)))"
)


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("page", PAGES)
def test_no_text_becomes_markup(page: str, name: str) -> None:
    read = Markup(PAGES[page](frame(ROSSI), name))
    assert read.active == []
    assert not {"style", "iframe", "object", "embed", "base", "b"} & set(read.tags)
    assert not re.search("[\x1b\x9b\u202e]", read.html)
    assert [(script["src"] or "").partition("?")[0] for script in read.every("script")] == [SCRIPT]
    for link in read.links:
        assert not re.match(r"\s*[a-z]+:", link), link
    if name == "{{ 7*7 }}":
        assert "49" not in read.text


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.role if reader else "nobody")
@pytest.mark.parametrize("page", PAGES)
def test_who_reads_it_finds_the_way(page: str, reader: Person | None) -> None:
    read = Markup(PAGES[page](frame(reader), "Ada"))
    assert read.every("html") == [{"lang": "en"}]
    assert read.tags.count("h1") == read.tags.count("main") == 1
    assert read.every("a")[0] == {"class": "skip", "href": "#main"}
    assert all(image["alt"] and image["width"] and image["height"] for image in read.images)
    levels = [int(tag[1]) for tag in read.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
    labels = {each["for"] for each in read.every("label")}
    for field in [*read.every("input"), *read.every("textarea")]:
        assert field.get("type") == "hidden" or "aria-label" in field or field["id"] in labels
    ids = [found["id"] for _, found in read.elements if "id" in found]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.role if reader else "nobody")
@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_pages_and_forms_carry_what_proves_them(page: str, reader: Person | None) -> None:
    read = Markup(PAGES[page](frame(reader), "Ada"))
    for link in read.every("a"):
        path = re.sub(r"[?#].*", "", link["href"] or "")
        assert (
            path == "" or PATHS.fullmatch(path.removeprefix("../../")) or path.startswith("../../pictures/")
        ), path
    forms = read.every("form")
    for form in forms:
        assert form["method"] == "post"
        assert page == "login" or POSTS.fullmatch((form["action"] or "").removeprefix("../../")), form
    assert read.html.count('<input type="hidden" name="csrf" value="c&#34;srf">') == len(forms)


@pytest.mark.parametrize("page", sorted(set(PAGES) - {"login", "account"}))
def test_an_observer_decides_nothing(page: str) -> None:
    read = Markup(PAGES[page](frame(OMAR), "Ada"))
    if page not in {"mine", "submission"}:  # which a server shows to the team alone, or without its forms
        assert "form" not in read.tags


def test_nobody_who_is_not_of_the_staff_is_led_to_its_pages() -> None:
    for reader, led in ((None, False), (ADA, False), (OMAR, True), (ROSSI, True)):
        for page in ("home", "board", "gallery", "error"):
            assert ("staff/" in PAGES[page](frame(reader), "Ada")) is led


def test_a_page_behind_a_path_prefix_names_no_absolute_path() -> None:
    for make in PAGES.values():
        assert not [link for link in Markup(make(frame(ROSSI), "Ada")).links if link.startswith("/")]


@pytest.mark.parametrize("page", ["home", "assignment", "board", "private board", "gallery", "solutions"])
def test_an_exported_page_has_no_script_no_form_and_no_countdown(page: str) -> None:
    exported = Frame("Course", "../../")
    read = Markup(PAGES[page](exported, "Ada"))
    assert not {"script", "form", "input", "button"} & set(read.tags)
    assert not re.search(r"data-|in \d+ days|login/", read.html)
    links = [link for link in read.links if not link.startswith("#")]
    assert all(link.partition("#")[0].endswith((".html", ".css", ".svg", ".png")) for link in links)


def test_a_live_page_says_where_it_hears_of_changes_and_what_it_counts_down_to() -> None:
    read = Markup(PAGES["board"](frame(), "Ada"))
    [main] = read.every("main")
    assert main["data-events"] == "../../events"
    assert "in 4 days" in read.text
    [style] = [each for each in read.every("link") if each["rel"] == "stylesheet"]
    assert re.fullmatch(r"../../static/style\.css\?[0-9a-f]{12}", style["href"] or "")


def test_style_and_script_ask_nobody_else_for_anything() -> None:
    files = shared_files()
    assert set(files) == {"static/style.css", "static/live.js", "static/icon.svg"}
    assert not re.search(rb"https?://|@import|url\(", files["static/style.css"] + files["static/live.js"])
    for name in ("innerHTML =", "eval(", "document.write", "Function("):
        assert name.encode() not in files["static/live.js"]
    assert {path.suffix for path in STATIC.iterdir()} == {".css", ".js", ".svg"}
