"""Notebooks on a server: points given question by question, and what students see of that, and when."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from desk.questions import questions
from grader import kit
from leaderboard.marks import Item
from tests.server.world import ADA, ANSWER, BOB, SLUG, TEST, Made, World, served

HOME = f"/assignments/{SLUG}/notebooks/"
PAGE = f"{HOME}{ANSWER}/"
WRONG = {
    "": "no points were given",
    "  ": "no points were given",
    "two": "is no number",
    "1/2": "is no number",
    "3.5": "3.5 points",
    "-1": "-1 points",
    "nan": "nan points",
    "inf": "inf points",
    "1e999": "inf points",
    '"><b>': "is no number",
    "\x00": "is no number",
}


@pytest.fixture
def unread(full: Made, room: Path) -> Iterator[World]:
    """To act upon: what Ada and Bob have written was read by nobody."""
    with served(full, room / "course") as world:
        for who in ("ada", "bob"):
            world.store.notebooks.mark(number(world, who), ANSWER, None)
        yield world


def number(world: World, who: str) -> int:
    return world.refs[f"{who} notebook"]


def mark(world: World, whose: str = "ada", cell: str = ANSWER, **form: str | list[str]) -> httpx.Response:
    sent = {"csrf": world.csrf("grace"), "ref": str(number(world, whose)), **form}
    return world.ask("grace", "POST", f"{HOME}{cell}/mark", data=sent)


def page(world: World, path: str, who: str = "grace") -> str:
    return html.unescape(world.ask(who, "GET", path).text)


def given(world: World, whose: str = "ada") -> list[tuple[float | None, str]]:
    return [(one.points, one.comment) for one in world.store.notebooks.history(number(world, whose))]


def test_a_mark_leads_on_to_what_is_not_read_and_then_to_the_end(unread: World) -> None:
    ada, bob = number(unread, "ada"), number(unread, "bob")
    assert "2 answers are yet to be read" in page(unread, PAGE)
    found = urlsplit(mark(unread, points="2,5", comment="Well\r\nsaid").headers["Location"])
    assert (found.query, found.fragment) == ("page=1", f"answer-{bob}")
    assert given(unread)[-1] == (2.5, "Well\nsaid")
    found = urlsplit(mark(unread, "bob", points="0", names="no").headers["Location"])
    assert (found.query, found.fragment) == ("names=no&page=1", "done")
    assert "All answers to this question have been read" in page(unread, PAGE)
    found = urlsplit(mark(unread, undo="1", points="2.5").headers["Location"])
    assert found.fragment == f"answer-{ada}"
    assert given(unread)[-1] == (None, "")
    assert "1 answer is yet to be read" in page(unread, PAGE)
    assert "4 marks were given" in page(unread, PAGE)


@pytest.mark.parametrize("typed", WRONG)
def test_wrong_points_come_back_with_all_that_was_typed(unread: World, typed: str) -> None:
    before = given(unread)
    answer = mark(unread, points=typed, comment="so & <so>", names="no")
    assert answer.status_code == 400
    form = answer.text.partition('role="alert"')[2].partition("</form>")[0]
    assert WRONG[typed] in form
    assert "so &amp; &lt;so&gt;</textarea>" in form
    [shown] = re.findall(r'name="points"[^>]* value="([^"]*)"', form)
    assert html.unescape(shown) == typed.strip().replace("\x00", "�")
    assert answer.text.count('role="alert"') == 1
    assert ADA.team not in answer.text
    assert given(unread) == before


RUBRIC = (Item("names Jensen's inequality", 1.5), Item("says <which> is larger", 1.0), Item("for whom", 0.5))


@pytest.fixture
def ruled(unread: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The question has a rubric that is no shipped one."""
    asked = [replace(one, rubric=RUBRIC) if one.id == ANSWER else one for one in questions(unread.assignment)]
    monkeypatch.setattr("server.pages.notebooks.questions", lambda _: asked)
    return unread


def ticks(world: World) -> list[bool]:
    """What the latest mark of Ada's answer says of each item; none where the rubric wasn't used."""
    return [item.met for item in world.store.notebooks.history(number(world, "ada"))[-1].items]


def form_of(shown: str, world: World, whose: str = "ada") -> str:
    return shown.partition(f'id="answer-{number(world, whose)}"')[2].partition("</form>")[0]


def test_what_is_ticked_gives_the_points(ruled: World) -> None:
    assert page(ruled, PAGE).count("<fieldset") == 2
    assert mark(ruled, met=[str(RUBRIC[0]), str(RUBRIC[2])], points=" ", comment="Which?").is_redirect
    assert (given(ruled)[-1], ticks(ruled)) == ((2.0, "Which?"), [True, False, True])
    again = form_of(page(ruled, PAGE), ruled)
    assert re.findall(r"checked> <span class=.worth.>([0-9.]+)<", again) == ["1.5", "0.5"]
    assert 'value="" placeholder="2"' in again, "other ticks then give other points"
    assert "says <which> is larger" in page(ruled, PAGE).partition('class="given"')[2]


def test_points_that_are_typed_count_and_ticks_are_kept(ruled: World) -> None:
    mark(ruled, met=str(RUBRIC[0]), points="2")
    assert (given(ruled)[-1][0], ticks(ruled)) == (2.0, [True, False, False])
    assert 'value="2"' in form_of(page(ruled, PAGE), ruled)
    mark(ruled, points="3")
    assert (given(ruled)[-1][0], ticks(ruled)) == (3.0, []), "read without the rubric"
    mark(ruled, points="0")
    assert (given(ruled)[-1][0], ticks(ruled)) == (0.0, [False] * 3)


@pytest.mark.parametrize("strange", ["for whom", "[1] for whom", "[0.5] for whom else", "<b>"])
def test_an_item_that_there_is_not_comes_back_in_words(ruled: World, strange: str) -> None:
    before = given(ruled)
    answer = mark(ruled, met=[str(RUBRIC[1]), strange], comment="so")
    assert answer.status_code == 400
    form = form_of(html.unescape(answer.text), ruled)
    assert f"the rubric has no item {strange!r}" in form
    assert re.findall(r"checked> <span class=.worth.>([0-9.]+)<", form) == ["1"]
    assert given(ruled) == before


def test_feedback_has_the_rubric_once_it_is_released_and_for_its_author_alone(ruled: World) -> None:
    mark(ruled, met=[str(RUBRIC[0]), str(RUBRIC[1])], points="2.75")
    own, bobs = (f"/submissions/{number(ruled, who)}/" for who in ("ada", "bob"))
    said = [item.text for item in RUBRIC]
    assert not [text for text in said if text in page(ruled, own, "ada")]
    ruled.ask("grace", "POST", f"{HOME}release")
    after = page(ruled, own, "ada")
    assert [after.count(f"<bdi>{text}</bdi>") for text in said] == [1, 1, 1], "beside the answer"
    assert re.findall(r"(not met|met):</span>", after)[:3] == ["met", "met", "not met"]
    assert "Given in all: 2.75" in after
    assert not [text for text in said if text in page(ruled, bobs, "bob")]
    assert ruled.ask("bob", "GET", own).status_code == 404
    assert ruled.ask("bob", "GET", PAGE).status_code == 403
    assert ruled.ask("bob", "POST", f"{HOME}{ANSWER}/mark").status_code == 403
    looked_at = page(ruled, PAGE, "olive")
    assert [looked_at.count(f"<bdi>{text}</bdi>") for text in said] == [2, 2, 2], (
        "what is given, and its history"
    )
    assert "checkbox" not in looked_at


def test_of_two_who_read_the_same_answer_the_second_is_told(ruled: World) -> None:
    drawn = form_of(page(ruled, PAGE), ruled)
    [seen] = re.findall(r'name="seen" value="([0-9]+)"', drawn)
    with ruled.store.acting("gustav"):
        ruled.store.notebooks.mark(number(ruled, "ada"), ANSWER, 1.0, "Hm")
    sent = {"met": str(RUBRIC[0]), "points": "2.5", "comment": "Well & good"}
    answer = mark(ruled, seen=seen, **sent)
    assert answer.status_code == 409
    form = form_of(html.unescape(answer.text), ruled)
    for kept in (
        "gustav has given 1 of 3 points",
        "Well & good</textarea>",
        'value="2.5"',
        'checked> <span class="worth">1.5',
    ):
        assert kept in form
    assert "aria-invalid" not in form
    assert given(ruled)[-1] == (1.0, "Hm")
    [now] = re.findall(r'name="seen" value="([0-9]+)"', form)
    assert mark(ruled, seen=now, **sent).is_redirect
    assert given(ruled)[-1] == (2.5, "Well & good")
    assert mark(ruled, seen=now, points="3").is_redirect, "one's own is no surprise"
    assert mark(ruled, "bob", seen="-1", points="1").status_code == 422


def test_a_comment_that_is_too_long_comes_back_whole(unread: World) -> None:
    long = "word " * 1_500
    answer = mark(unread, points="1", comment=long)
    assert answer.status_code == 400
    assert long.strip() in answer.text
    assert "the comment has" in answer.text


@pytest.mark.parametrize(
    ("ref", "cell"),
    [("ada scored", ANSWER), ("ada notebook", "answer-c"), ("ada notebook", "add-noise"), ("", ANSWER)],
)
def test_only_graded_cells_of_notebooks_get_points(unread: World, ref: str, cell: str) -> None:
    assert mark(unread, cell=cell, ref=str(unread.refs.get(ref, 10**6)), points="1").status_code == 404


def test_points_of_tests_can_be_given_otherwise(unread: World) -> None:
    answer = mark(unread, cell=TEST, points="1.5", comment="Right but for the sign")
    assert urlsplit(answer.headers["Location"]).fragment == "done"
    shown = page(unread, f"{HOME}{TEST}/")
    assert "Right but for the sign" in shown
    assert "mark-code-ada" in shown, "what the test is about"
    assert "mark-open-output-bob" in shown


def test_without_names_nothing_says_whose_it_is(unread: World) -> None:
    for path in (PAGE, f"{HOME}{TEST}/"):
        named, blind = page(unread, path), page(unread, f"{path}?names=no")
        for team in (ADA.team, BOB.team):
            assert team in named
            assert team not in blind
        assert f"submissions/{number(unread, 'ada')}/#" in named
        assert f"submissions/{number(unread, 'ada')}/#" not in blind
        assert "Answer 2" in blind
        assert blind.count('name="names" value="no"') == 2


def test_students_see_what_people_gave_once_feedback_is_released(unread: World) -> None:
    mark(unread, points="2.25", comment="Think of *equal* images")
    own, mine = f"/submissions/{number(unread, 'ada')}/", f"/assignments/{SLUG}/mine/"
    before = page(unread, own, "ada")
    assert "once feedback is released" in before
    assert "equal" not in before
    assert '<strong>2</strong> <span class="muted">of 5, 3 yet to be given' in page(unread, mine, "ada")
    assert unread.ask("grace", "POST", f"{HOME}release").status_code == 303
    after = page(unread, own, "ada")
    assert "Think of *equal* images" in after
    assert "fails a hidden test" in after
    assert "grace" not in after
    assert '<strong>2.25</strong> <span class="muted">of 5</span>' in page(unread, mine, "ada")
    assert "Feedback is released" in page(unread, HOME)
    assert unread.ask(
        "grace", "POST", f"{HOME}release", data={"undo": "1", "csrf": unread.csrf("grace")}
    ).is_redirect
    assert page(unread, own, "ada") == before


def test_an_observer_reads_and_gives_nothing(filled: World) -> None:
    for path in (HOME, PAGE):
        shown = filled.ask("olive", "GET", path).text
        assert "<form" not in shown
        assert "<button" not in shown
    assert "mark-comment-bob" in shown


def test_staff_are_led_to_notebooks_and_nobody_else(filled: World) -> None:
    path = f"/assignments/{SLUG}/"
    assert 'notebooks/">Notebooks' in page(filled, path)
    assert "notebooks/" not in page(filled, path, "ada")


def test_a_notebook_is_offered_once_it_is_handed_out(unread: World) -> None:
    offered = "points by tests"
    pages = ("/", f"/assignments/{SLUG}/")
    assert not [path for path in pages if offered in page(unread, path, "ada")]
    released = kit.released(unread.course, SLUG)
    released.parent.mkdir(parents=True)
    released.write_text("{}")
    assert [path for path in pages if offered in page(unread, path, "ada")] == [*pages]
    assert f"heldout submit {SLUG} --notebook notebook.ipynb" in page(unread, pages[1], "ada")


def test_a_picture_is_a_picture_and_nothing_else(filled: World) -> None:
    answer = filled.ask("ada", "GET", f"/submissions/{number(filled, 'ada')}/outputs/2-2.png")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
