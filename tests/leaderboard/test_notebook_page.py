"""Notebooks on pages: what of a run each reader gets, and how answers are put before those who mark them."""

from dataclasses import replace
from pathlib import Path

import pytest

from grader.errors import NotFound
from grader.notebook.executed import Shown, pack
from grader.outline import RunKind
from grader.report import CellResult, CellState, Estimate, Report, Verdict
from grader.sandbox import Output
from grader.spec import Assignment
from leaderboard.marks import Graded, Item, Mark
from leaderboard.store import Store
from leaderboard.web import answers, collect, notebook
from leaderboard.web.marking import Answer, Question, entry
from leaderboard.web.notebook import Drawn, Printed
from leaderboard.web.pages import write_site
from tests.leaderboard.cases import PNG, assignment, judge, send
from tests.leaderboard.conftest import START

SLUG = "denoising"
HUGE = PNG[:16] + (100_000).to_bytes(4, "big") * 2 + PNG[24:]
ASKED = [Question("test-a", True, False, 2.0), Question("answer-b", False, True, 3.0)]
TEAMS = ("Ada", "Bob", "Cy", "Dora")


def printed(text: str, kind: str = "stdout") -> Output:
    return Output(kind, "text/plain", text.encode())


def drawn(png: bytes = PNG) -> Output:
    return Output("shown", "image/png", png)


def of(*cells: Shown) -> list[notebook.Part]:
    return notebook.parts(3, pack(cells))


def code(*outputs: Output) -> Shown:
    return Shown("", "plain", True, "x = 1", outputs)


def texts(part: notebook.Part) -> list[str]:
    return [each.text for each in part.outputs if isinstance(each, Printed)]


def test_outputs_are_told_in_their_order() -> None:
    before, after = of(code(printed("a"), drawn()), code(printed("b")))
    assert before.outputs == [Printed("a"), Drawn("submissions/3/outputs/1-2.png", (16, 8))]
    assert (after.source, texts(after)) == ("x = 1", ["b"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\x1b[31mred\x1b[0m", "�[31mred�[0m"),
        ("a\u202eb", "ab"),
        ("1 %\r2 %\r", "1 %\n2 %"),
        ("  in\n\tdented", "  in\n    dented"),
        ("<b>&", "<b>&"),
    ],
)
def test_text_is_made_harmless_and_keeps_its_lines(text: str, told: str) -> None:
    [part] = of(code(printed(text)))
    assert texts(part) == [told]
    assert notebook.parts(3, pack([Shown("", "plain", True, text)]))[0].source == told


def test_what_is_long_is_cut_and_says_so() -> None:
    [part] = of(code(printed("x" * 50_000)))
    assert part.outputs == [Printed("x" * 20_000, cut=True)]
    every = of(*(code(printed("x" * 20_000)) for _ in range(25)))
    assert sum(len(text) for part in every for text in texts(part)) == 400_000
    assert every[-1].outputs == [Printed("", cut=True)]
    written = of(*(Shown("", "plain", True, "x" * 60_000) for _ in range(12)))
    assert [len(part.source) for part in written] == [50_000] * 10 + [0] * 2
    assert all(part.cut for part in written)


def test_prose_keeps_the_order_of_its_headings_until_there_is_too_much_of_it() -> None:
    prose = [
        Shown("", "plain", False, text)
        for text in ("# A", "text", "### B", "# C <b>", "x" * 200_000, "![d](e)")
    ]
    html = [part.html for part in of(*prose)]
    assert html[:4] == ["<h3>A</h3>\n", "<p>text</p>\n", "<h4>B</h4>\n", "<h3>C &lt;b&gt;</h3>\n"]
    assert html[4:] == [None, None]


@pytest.mark.parametrize("png", [b"", b"GIF89a", b"<svg onload=alert(1)>", PNG[:20], HUGE])
def test_what_no_browser_should_be_given_is_no_picture(png: bytes) -> None:
    cell = code(drawn(png))
    [part] = of(cell)
    assert [type(each) for each in part.outputs] == [Printed]
    with pytest.raises(NotFound):
        notebook.output(pack([cell]), "1-1.png")


@pytest.mark.parametrize(
    "place",
    [
        "1-1.png",
        "1-3.png",
        "0-1.png",
        "1-0.png",
        "3-1.png",
        "-1-2.png",
        "1-2",
        "1-2.svg",
        "１-２.png",
        "99999-1.png",
        "../1-2.png",
    ],
)
def test_a_picture_is_found_by_its_place(place: str) -> None:
    kept = pack([code(printed("a"), drawn()), code(drawn())])
    assert notebook.output(kept, "1-2.png") == notebook.output(kept, "2-1.png") == PNG
    with pytest.raises(NotFound):
        notebook.output(kept, place)


# ---------------------------------------------------------------- from the ledger


def hand_in(store: Store, team: str, state: CellState = CellState.PASSED) -> int:
    """A notebook with a test that `state` became of, and an answer for somebody to read."""
    receipt = send(store, team, run_kind=RunKind.NOTEBOOK)
    cells = (
        CellResult("test-a", state, 2.0, 2.0 if state is CellState.PASSED else 0.0, 2.0),
        CellResult("answer-b", CellState.MANUAL, 3.0),
    )
    kept = pack([Shown("answer-b", "answer", False, f"the answer of {team}")])
    got = {"points": Estimate(2.0, 0.0)}
    judge(store, Report(Verdict.SCORED, 0, public=got, private=got, cells=cells, notebook=kept))
    return receipt.ref


def in_folder(folder: Path) -> Assignment:
    (folder / "notebook.ipynb").write_text("{}")
    return replace(assignment(), folder=folder)


def test_questions_are_counted_and_those_of_an_earlier_version_are_kept(store: Store) -> None:
    refs = [hand_in(store, team) for team in TEAMS[:3]]
    hand_in(store, "Ada", CellState.FAILED)
    store.notebooks.mark(refs[1], "answer-b", 2.5)
    points = store.notebooks.points(SLUG)
    tests, answer, gone = answers.tallies(points, [ASKED[0], replace(ASKED[1], id="answer-c")])
    assert (tests.answers, tests.waiting) == (3, 0)
    assert tests.mean == pytest.approx(4 / 3)
    assert (answer.answers, answer.waiting, answer.mean) == (0, 0, None)
    assert (gone.question, gone.answers, gone.waiting, gone.mean) == (ASKED[1], 3, 2, 2.5)


def test_answers_come_by_name_or_in_an_order_that_tells_nothing(store: Store) -> None:
    for team in TEAMS:
        hand_in(store, team)
    named = answers.reading(store, SLUG, ASKED, "answer-b")
    assert [one.team for one in named.answers] == list(TEAMS)
    assert [one.part and one.part.source for one in named.answers] == [
        f"the answer of {one}" for one in TEAMS
    ]
    assert (named.waiting, named.following, named.first, named.sheaf.pages) == (4, None, 1, 1)
    blind = answers.reading(store, SLUG, ASKED, "answer-b", names=False)
    other = answers.reading(store, SLUG, ASKED, "test-a", names=False)
    assert {one.team for one in blind.answers} == set(TEAMS)
    assert other.following == ASKED[1]
    orders = [[one.team for one in found.answers] for found in (named, blind, other)]
    assert orders[1] == [
        one.team for one in answers.reading(store, SLUG, ASKED, "answer-b", names=False).answers
    ]
    assert len({tuple(order) for order in orders}) > 1


def test_the_next_one_is_the_next_that_nobody_has_read(store: Store) -> None:
    refs = [hand_in(store, team) for team in TEAMS]
    store.notebooks.mark(refs[1], "answer-b", 0.0, "no")
    assert answers.next_unread(store, SLUG, "answer-b", refs[0], names=True) == refs[2]
    assert answers.next_unread(store, SLUG, "answer-b", refs[3], names=True) == refs[0]
    for ref in refs:
        store.notebooks.mark(ref, "answer-b", 1.0)
    assert answers.next_unread(store, SLUG, "answer-b", refs[0], names=False) is None
    [*_, last] = answers.reading(store, SLUG, ASKED, "answer-b").answers
    assert [given.points for given in last.history] == [1.0]


def test_many_answers_are_laid_out_in_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "A_PAGE", 3)
    refs = [hand_in(store, team) for team in TEAMS]
    last = answers.reading(store, SLUG, ASKED, "answer-b", number=9)
    assert (last.sheaf.number, last.sheaf.pages, last.first) == (2, 2, 4)
    assert [one.team for one in last.answers] == ["Dora"]
    pages = [answers.page_of(store, SLUG, "answer-b", ref, names=True) for ref in [*refs, 999]]
    assert pages == [1, 1, 1, 2, 1]


NOW = (Item("a", 2.0), Item("b", 1.0))
BEGINS = {
    "by the ticks": (Mark(2.0, "", "", START, (Item("a", 2.0, True), NOW[1])), "", "2", [True, False]),
    "by hand": (Mark(2.5, "", "", START, (Item("a", 2.0, True), NOW[1])), "2.5", "", [True, False]),
    "without the rubric": (Mark(2.25, "", "", START), "2.25", "", [False, False]),
    "by another rubric": (Mark(2.0, "", "", START, (Item("a", 2.0, True),)), "2", "", [True, False]),
}  # fmt: skip


@pytest.mark.parametrize("how", BEGINS)
def test_a_form_begins_with_what_was_given(how: str) -> None:
    mark, points, worth, met = BEGINS[how]
    one = Answer(3, "Ada", Graded(CellResult("answer-b", CellState.MANUAL, 3.0), mark))
    begun = entry(replace(ASKED[1], rubric=NOW), one, None)
    assert (begun.points, begun.worth, [item.met for item in begun.items]) == (points, worth, met)


@pytest.mark.parametrize("cell", ["answer-c", "", "x" * 500])
def test_of_what_is_no_question_there_is_no_page(store: Store, cell: str) -> None:
    hand_in(store, "Ada")
    with pytest.raises(NotFound):
        answers.reading(store, SLUG, ASKED, cell)


def test_a_teams_own_list_has_points_as_its_author_may_know_them(store: Store, tmp_path: Path) -> None:
    assignment = in_folder(tmp_path)
    ref = hand_in(store, "Ada", CellState.FAILED_HIDDEN)
    store.notebooks.mark(ref, "answer-b", 2.5, "good")
    before = collect.mine(store, assignment, "Ada")
    assert RunKind.NOTEBOOK in before.quotas
    assert [each.points for each in before.cells[ref]] == [2.0, 0.0]
    assert [each.mark for each in before.cells[ref]] == [None, None]
    store.notebooks.release(assignment)
    after = collect.mine(store, assignment, "Ada").cells[ref]
    assert [each.points for each in after] == [0.0, 2.5]
    assert after[1].mark
    assert after[1].mark.comment == "good"


def test_a_list_without_notebooks_says_nothing_of_them(store: Store) -> None:
    send(store, "Ada")
    assert RunKind.NOTEBOOK not in collect.mine(store, assignment(), "Ada").quotas
    assert not collect.menu(store, assignment(), staff=True).notebook


def test_an_exported_site_leaves_notebooks_out(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    shown = in_folder(tmp_path / "a")
    ref = hand_in(store, "Ada")
    store.notebooks.mark(ref, "answer-b", 2.5, "good")
    store.notebooks.release(shown)
    assert collect.menu(store, shown).notebook
    write_site(store, "Course", [shown], tmp_path / "site")
    pages = {path: path.read_text() for path in (tmp_path / "site").rglob("*.html")}
    assert pages
    assert not [path for path, text in pages.items() if "notebook" in text.lower() or "answer of Ada" in text]
