"""The static site: safe whoever's name is on it, whole at any moment, the same when nothing changed."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from grader import catalogue
from grader.errors import HeldoutError
from grader.spec import Assignment, Metric, RunKind, Tier
from leaderboard.reading import board
from leaderboard.records import Showing
from leaderboard.store import Store
from leaderboard.web.board import Board
from leaderboard.web.chart import MARGIN, WIDTH, axis
from leaderboard.web.methods import Block, Method, blocks, method, methods_page
from leaderboard.web.pages import export_site, write_site
from tests.leaderboard.cases import KID, PNG, PSNR, assignment, failed, judge, scored, send
from tests.leaderboard.conftest import Clock
from tests.leaderboard.every_page import frame, menu
from tests.leaderboard.markup import Page, dead_links, snapshot
from tests.leaderboard.test_render import HOSTILE, row

BOARD = "assignments/denoising/board"
SHIPPED = [solution for slug in catalogue.slugs() for solution in catalogue.solutions(slug)]
PROSE = re.compile(r"[a-z]{3}\.(\s|$)|(\b[a-z]{2,}\b[ ,;]+){5}")  # an end of a sentence, or many words on end


@pytest.fixture
def course(sqlite_url: str, clock: Clock) -> Store:
    store = Store.open(sqlite_url, clock=clock, assignments=lambda slug: replace(assignment(), slug=slug))
    for team in ("Ada", "<script>alert(1)</script>", "مريم"):
        send(store, team)
        clock.go(minutes=1)
        judge(store)
    return store


@pytest.fixture
def denoising(tmp_path: Path) -> Assignment:
    (tmp_path / "denoising").mkdir()
    (tmp_path / "denoising" / "README.md").write_text("# Denoise\n\n<script>x</script> `y = x`\n")
    return replace(assignment(), folder=tmp_path / "denoising")


def test_a_site_is_whole_and_its_links_lead_somewhere(
    course: Store, denoising: Assignment, tmp_path: Path
) -> None:
    index = write_site(course, "Deep & learning", [denoising], tmp_path / "site")
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert index in pages
    assert len(pages) == 6  # the course, its assignment with two boards, a gallery and the methods
    for path in pages:
        page = Page(path)
        assert "script" not in page.tags
        assert page.active == []
        assert dead_links(path) == []
    board = Page(tmp_path / "site" / BOARD / "index.html")
    assert [image["src"] for image in board.images[:2]] == ["history.svg", "distribution.svg"]
    pictures = board.images[2:]
    assert len(pictures) == 3
    assert all(image["alt"] and image["width"] == "16" and image["height"] == "8" for image in pictures)
    assert {"caption", "th", "svg"} <= set(board.tags)
    course.close()


def test_the_board_of_train_runs_has_a_folder_that_is_nobody_elses(
    course: Store, denoising: Assignment, tmp_path: Path, clock: Clock
) -> None:
    other = replace(denoising, slug="denoising-train", title="Another")
    for slug, kind, value in (("denoising", RunKind.TRAIN, 25.0), (other.slug, RunKind.EVALUATE, 26.0)):
        clock.go(minutes=1)
        send(course, "Ada", slug=slug, run_kind=kind)
        judge(course, scored(value))
    index = write_site(course, "Course", [denoising, other], tmp_path / "site")
    boards = {
        "assignments/denoising/board": ("Denoising", "19.00"),
        "assignments/denoising/train": ("Denoising, trained by the grader", "25.00"),
        "assignments/denoising-train/board": ("Another", "26.00"),
    }
    for folder, (title, score) in boards.items():
        source = (tmp_path / "site" / folder / "index.html").read_text(encoding="utf-8")
        assert f"<h1>{title}</h1>" in source
        assert f"<strong>{score}</strong>" in source
        assert f"{folder}/index.html" in Page(index).links
    dead = [link for path in (tmp_path / "site").rglob("*.html") for link in dead_links(path)]
    assert dead == []
    course.close()


def test_each_board_links_to_the_assignments_other_one(
    course: Store, denoising: Assignment, tmp_path: Path
) -> None:
    index = write_site(course, "Course", [denoising], tmp_path / "site")
    linked = [index.parent / link for link in Page(index).links if link.endswith("/index.html")]
    _, practice, trained = dict.fromkeys(linked)
    assert "Nothing has been scored yet" in trained.read_text()
    for here, there in ((practice, trained), (trained, practice)):
        assert there.resolve() in {(here.parent / link).resolve() for link in Page(here).links}
    course.close()


def test_pictures_of_one_name_share_a_caption_and_each_entry_has_one_place(tmp_path: Path) -> None:
    rows = [row("Ada", ref=1), row("Grace", ref=2)]
    showings = {1: Showing({"walk": PNG}), 2: Showing({"confusion": PNG, "walk": PNG})}
    explained = replace(assignment(), captions={"walk": "From one <z> to another.", "absent": "Not shown."})
    export_site("Course", [Board(explained, rows, showings=showings)], tmp_path)
    source = (tmp_path / BOARD / "index.html").read_text(encoding="utf-8")
    assert source.count("From one &lt;z&gt; to another.") == 1
    assert "Not shown" not in source
    assert source.index("<h3>walk</h3>") < source.index("<h3>confusion</h3>")
    for ref in (1, 2):
        assert source.count(f'id="entry-{ref}"') == 1


@pytest.mark.parametrize(
    ("names", "shades"),
    [
        ((), []),
        (("a",), ["hardest"]),
        (("a", "b"), ["easiest", "hardest"]),
        (("a", "b", "c", "d"), ["easiest", "between", "between", "hardest"]),
    ],
)
def test_the_easiest_and_the_hardest_tier_have_their_colours(
    names: tuple[str, ...], shades: list[str]
) -> None:
    tiers = tuple(Tier(name, score, "") for score, name in enumerate(names))
    assert list(Board(replace(assignment(), tiers=tiers), []).shades.values()) == shades


def test_a_score_that_is_rounded_to_zero_has_no_sign(tmp_path: Path) -> None:
    noted = replace(KID, note="It may fall below 0.")
    export_site("Course", [Board(assignment(noted), [row(score=-0.01)])], tmp_path)
    source = (tmp_path / BOARD / "index.html").read_text(encoding="utf-8")
    assert "<strong>0.0</strong>" in source
    assert "It may fall below 0." in source


def test_a_second_time_not_a_byte_changes(
    course: Store, denoising: Assignment, tmp_path: Path, clock: Clock
) -> None:
    write_site(course, "Course", [denoising], tmp_path / "site")
    first = snapshot(tmp_path / "site")
    clock.go(days=3)
    write_site(course, "Course", [denoising], tmp_path / "site")
    assert snapshot(tmp_path / "site") == first
    course.close()


def test_a_better_entry_replaces_its_picture_and_no_foreign_file(
    course: Store, denoising: Assignment, tmp_path: Path, clock: Clock
) -> None:
    site = tmp_path / "site"
    write_site(course, "Course", [denoising], site)
    (site / BOARD / "notes.txt").write_text("mine")
    before = {path.name for path in (site / "pictures").iterdir()}
    clock.go(hours=1)
    send(course, "Ada")
    judge(course, scored(25.0))
    send(course, "Ada")
    judge(course, failed())
    write_site(course, "Course", [denoising], site)
    after = {path.name for path in (site / "pictures").iterdir()}
    assert (len(before), len(after), len(before & after)) == (3, 3, 2)
    assert (site / BOARD / "notes.txt").read_text() == "mine"
    assert "25.00" in (site / BOARD / "index.html").read_text()
    course.close()


def test_an_empty_board_is_a_page_too(tmp_path: Path) -> None:
    export_site("Course", [Board(assignment(KID), [])], tmp_path)
    assert "Nothing has been scored yet" in (tmp_path / BOARD / "index.html").read_text()
    assert "statement.html" not in (tmp_path / BOARD / "index.html").read_text()


def test_a_board_of_train_runs_has_its_own_tiers_or_none(
    sqlite_url: str, denoising: Assignment, tmp_path: Path, clock: Clock
) -> None:
    store = Store.open(sqlite_url, clock=clock)
    send(store, "Ada", run_kind=RunKind.TRAIN)
    judge(store, scored(19.0))
    page = tmp_path / "site" / "assignments/denoising/train" / "index.html"
    for tiers, shown in (((), ""), ((Tier("reference", 18.5, ""),), "reference")):
        trained = replace(denoising, train_tiers=tiers)
        [row] = board(store, trained, run_kind=RunKind.TRAIN)
        assert row.tier == shown
        write_site(store, "Course", [trained], tmp_path / "site")
        source = page.read_text(encoding="utf-8")
        assert ("18.50" in source, "tier" in source) == (bool(tiers), bool(tiers))
        assert "18.70" not in source  # "pass" of the other board
    store.close()


@pytest.mark.parametrize("name", [*HOSTILE, "\"' onload=alert(1)", "{{ 7*7 }}"])
def test_no_name_becomes_markup(name: str, tmp_path: Path) -> None:
    export_site(name, [Board(assignment(), [row(name, members=(name, name))])], tmp_path)
    for path in tmp_path.rglob("*.html"):
        page = Page(path)
        assert "script" not in page.tags
        assert page.active == []
        assert not {"\x1b", "\x9b", "\u202e"} & set(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("written", [*HOSTILE, "</blockquote><img src=x onerror=alert(1)>", "{{ 7*7 }}"])
def test_what_a_model_wrote_is_shown_and_no_markup(written: str, tmp_path: Path) -> None:
    board = Board(assignment(), [row()], showings={3: Showing(texts={written: f"And he│{written}\nsaid"})})
    export_site("Course", [board], tmp_path)
    path = tmp_path / BOARD / "index.html"
    page, source = Page(path), path.read_text(encoding="utf-8")
    assert page.tags.count("blockquote") == 1
    assert "script" not in page.tags
    assert [image["src"] for image in page.images] == ["distribution.svg"]
    assert page.active == []
    assert not {"\x1b", "\x9b", "\u202e"} & set(source)
    assert "And he│" in source
    assert "49" not in source.split("<blockquote>")[1].split("</blockquote>")[0]
    assert 'href="#entry-3"' in source
    assert source.count('id="entry-3"') == 1


def test_a_text_beside_a_picture_shares_its_link(course: Store, tmp_path: Path, clock: Clock) -> None:
    clock.go(hours=1)
    receipt = send(course, "Ada")
    judge(course, replace(scored(25.0), texts={"what it writes": "In the beginning"}))
    write_site(course, "Course", [assignment()], tmp_path)
    source = (tmp_path / BOARD / "index.html").read_text(encoding="utf-8")
    assert "In the beginning" in source
    assert source.count(f'id="entry-{receipt.ref}"') == 1
    course.close()


def test_files_that_are_no_pictures_are_not_published(tmp_path: Path) -> None:
    board = Board(assignment(), [row()], showings={3: Showing({"../../evil": b"<html>"})})
    export_site("Course", [board], tmp_path / "site")
    assert not list(tmp_path.rglob("*evil*"))


def test_a_site_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HeldoutError, match="the files can't be written"):
        export_site("Course", [Board(assignment(), [])], tmp_path / "file" / "site")


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(HeldoutError, match="not of such a site"):
        export_site("Course", [Board(assignment(), [])], tmp_path)
    assert (tmp_path / "index.html").read_text() == "mine"


def test_no_half_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: str, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(HeldoutError, match="No space left"):
        export_site("Course", [Board(assignment(), [])], tmp_path / "site")
    assert not [path for path in (tmp_path / "site").rglob("*") if path.is_file()]


@pytest.mark.parametrize("metric", [PSNR, replace(PSNR, higher_is_better=False)])
def test_better_is_to_the_right(metric: Metric) -> None:
    rows = [row(score=score) for score in (17.0, 18.0, 19.0)]
    scale = axis(rows, (), metric)
    spans = [scale.span(one) for one in rows]
    assert sorted(spans, key=lambda span: span.dot, reverse=not metric.higher_is_better) == spans
    for span in spans:
        assert MARGIN - 2 <= span.left < span.dot < span.right <= WIDTH - MARGIN + 2


def test_one_row_alone_and_rows_far_below_the_tiers_have_a_place() -> None:
    alone = axis([row(half_width=0.0)], (), PSNR)
    assert MARGIN <= alone.span(row()).dot <= WIDTH
    scale = axis([row(), row(score=-1000.0)], assignment().tiers, PSNR)
    assert scale.span(row(score=-1000.0)).off
    assert not scale.span(row()).off


@pytest.mark.parametrize("solution", SHIPPED, ids=lambda one: f"{one.slug}-{one.name}")
def test_a_shipped_docstring_has_a_title_an_idea_and_no_prose_among_its_formulas(
    solution: catalogue.Solution,
) -> None:
    title, *idea = blocks((solution.folder / "model.py").read_text(encoding="utf-8"))
    assert not title.formula
    assert re.fullmatch(r".+\.", title.text)
    assert not re.search(r"[.!?]\s+[A-Z]", title.text)
    assert any(not block.formula for block in idea)
    found = method(solution, [])
    formulas = [block.text for block in (*found.idea, *found.trained) if block.formula]
    assert [line for text in formulas for line in text.splitlines() if PROSE.search(line)] == []


def test_what_a_docstring_says_of_another_solution_leads_there() -> None:
    for slug in catalogue.slugs():
        found = [method(solution, []) for solution in catalogue.solutions(slug)]
        texts = [(one, block) for one in found for block in (*one.idea, *one.trained)]
        named = {one.meant(text) for one, block in texts for text, kind in block.parts if kind == "path"}
        assert named <= {one.folder for one in found}


def test_a_link_to_a_method_is_of_this_page_or_none() -> None:
    idea = [Block("<b>: ../mlp, ../gone, and ../../../reference_solutions/x/deep_one.")]
    shown = [
        Method("baseline", "knn", "A.", idea, (), {}, slug="x"),
        Method("baseline", "mlp", "B.", (), (), {}, slug="x"),
        Method("reference", "deep_one", "C.", (), (), {}, slug="x"),
    ]
    page = methods_page(frame(None), menu(), shown)
    assert '<p>&lt;b&gt;: <a href="#baseline-mlp">mlp</a>, ../gone, and <a' in page
    assert 'and <a href="#reference-deep_one">deep one</a>.</p>' in page
