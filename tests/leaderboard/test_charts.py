"""The charts: valid and safe whoever's name is on them, true to the scores, no label over another."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from grader.spec import Metric, Tier
from leaderboard.records import Row, Step, TeamKind
from leaderboard.web.distribution import bin_edges, distribution
from leaderboard.web.drawing import SLIM, WIDE
from leaderboard.web.history import history, leads
from leaderboard.web.lettering import extent, in_rows, label, spread
from leaderboard.web.scales import Scale, round_step, seconds, shown_range, time_marks
from tests.leaderboard.cases import KID, PSNR
from tests.leaderboard.markup import Page
from tests.leaderboard.test_render import row

SVG = "{http://www.w3.org/2000/svg}"
ELBO = Metric("elbo", "nats", higher_is_better=True, digits=1)
TIERS = (Tier("baseline", 17.9, ""), Tier("pass", 19.2, ""), Tier("reference", 19.8, ""))
START = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "]]>",
    "&amp;&#0;",
    "{{ 7 * 7 }}",
    "x" * 10_000,
    "W" * 10_000,
    "Z" + "\u0301" * 9_000,
    " " * 10_000 + "late",
    "محمد بن موسى الخوارزمي وأصحابه من بيت الحكمة",
    "\u202egnp.exe",
    "👩‍👩‍👧‍👦" * 40,
    "﷽" * 30,
    "nul\x00 esc\x1b[2J c1\x9b nonchar\ufffe\uffff half\ud800",
    "",
]


def step(team: str, days: float, score: float, kind: TeamKind = TeamKind.STUDENT) -> Step:
    return Step(team, kind, START + timedelta(days=days), score, 0.1)


def climbing(teams: int, metric: Metric = PSNR, *, start: float = 17.0, goal: float = 20.0) -> list[Step]:
    """Every team goes part of the way from `start` to `goal` in three steps."""
    way = [(number + 1) / teams for number in range(teams)]
    return [
        step(f"team {number}", number / teams + later, start + (goal - start) * share * (later + 1) / 3)
        for number, share in enumerate(way)
        for later in range(3)
    ]


def rows(scores: Sequence[float]) -> list[Row]:
    return [row(f"team {number}", score=score) for number, score in enumerate(scores)]


def parsed(svg: str) -> ElementTree.Element:
    """The root of a file that holds what a chart must, and nothing that could run or reach out."""
    root = ElementTree.fromstring(svg.encode("utf-8"))
    assert root.get("role") == "img"
    assert [child.tag for child in root[:2]] == [f"{SVG}title", f"{SVG}desc"]
    assert all(child.text and child.text.strip() for child in root[:2])
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in TAGS
        assert not any(name.startswith("on") or "href" in name or name == "style" for name in element.attrib)
        assert not re.search(r"nan|inf", "".join(element.attrib.get(name, "") for name in PLACES))
    return root


TAGS = {"svg", "title", "desc", "style", "rect", "path", "line", "circle", "text", "tspan"}
PLACES = ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "d", "width", "height")


def sheets(svg: str) -> list[ElementTree.Element]:
    return [one for one in parsed(svg).findall(f"{SVG}svg") if one.get("class") in ("c-wide", "c-slim")]


def texts(root: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def described(svg: str) -> str:
    return " ".join((parsed(svg).findtext(f"{SVG}desc") or "").split())


def numbered(sheet: ElementTree.Element, tag: str, style: str) -> list[dict[str, float]]:
    found = [one for one in sheet.iter(SVG + tag) if style in (one.get("class") or "").split()]
    return [
        {name: float(one.attrib[name]) for name in PLACES if name in one.attrib and name != "d"}
        for one in found
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_a_chart(name: str, tmp_path: Path) -> None:
    kinds = list(TeamKind)
    steps = [step(name, 0, 19.0, kind) for kind in kinds] + climbing(5)
    few = [row(name, kind=kind) for kind in kinds]
    charts = [
        history(steps, PSNR, TIERS),
        distribution(few, PSNR, TIERS, you=name),
        distribution([*few, *rows([19.0] * 20)], PSNR, TIERS, you=name),
    ]
    for chart in charts:
        root = parsed(chart)
        assert max(map(len, texts(root))) < 80
        assert max(len(title.text or "") for title in root.iter(f"{SVG}title")) < 400
        assert "\u202e" not in chart
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><html><body>" + "".join(charts) + "</body></html>", encoding="utf-8")
    assert "script" not in Page(page).tags
    assert Page(page).active == []


EDGES: dict[str, tuple[Metric, Sequence[Tier], Sequence[float]]] = {
    "no team": (PSNR, TIERS, []),
    "one team": (PSNR, TIERS, [19.0]),
    "one team, no tier": (PSNR, (), [19.0]),
    "one team on the only tier": (PSNR, TIERS[:1], [17.9]),
    "equal": (PSNR, (), [19.0] * 30),
    "equal at nought": (KID, (), [0.0] * 30),
    "negative": (ELBO, (Tier("baseline", -281.0, ""),), [-300.0 + i for i in range(30)]),
    "lower is better": (
        KID,
        (Tier("pass", 0.9, ""), Tier("reference", 0.2, "")),
        [i / 10 for i in range(30)],
    ),
    "hopeless": (PSNR, TIERS, [-1e38, -1e9, *[19.0 + i / 100 for i in range(30)]]),
    "all but equal": (PSNR, (), [19.0 + i * 1e-14 for i in range(30)]),
    "huge": (KID, (), [3e37 * i for i in range(30)]),
    "many tiers": (PSNR, [Tier(f"tier {i}", 19 + i / 1000, "") for i in range(60)], [19.0, 19.5]),
    "3,000 teams": (PSNR, TIERS, np.random.default_rng(1).normal(19, 0.5, 3_000).tolist()),
}


@pytest.mark.parametrize("case", EDGES)
def test_every_board_has_its_charts(case: str) -> None:
    metric, tiers, scores = EDGES[case]
    steps = [step(f"team {number}", number % 7, score) for number, score in enumerate(scores)]
    for chart in (history(steps, metric, tiers), distribution(rows(scores), metric, tiers)):
        assert len(chart) < 60_000
        assert len(sheets(chart)) == 2
        for sheet in sheets(chart):
            assert all(-600 < place < 1500 for one in _everything(sheet) for place in one.values())


def _everything(sheet: ElementTree.Element) -> list[dict[str, float]]:
    return [
        {
            name: float(one.attrib[name])
            for name in PLACES
            if re.fullmatch(r"-?[\d.]+", one.attrib.get(name, ""))
        }
        for one in sheet.iter()
    ]


def test_without_a_score_they_say_so() -> None:
    for chart in (history([], PSNR, TIERS), distribution([], PSNR, TIERS)):
        assert "Nothing has been scored yet." in described(chart)
    only_shipped = history([step("wiener", 0, 18.0, TeamKind.BASELINE)], PSNR, TIERS)
    assert "No team has a score yet." in described(only_shipped)
    assert "wiener 18.00" in described(only_shipped)


def test_letters_are_readable_on_a_phone_and_both_sheets_fill_the_same_frame() -> None:
    assert SLIM.letter * 331 / SLIM.width >= 11  # a page's text on a phone 360 pixels wide
    assert WIDE.letter * 650 / WIDE.width >= 10.9  # where the wide sheet begins to be shown
    assert SLIM.width / SLIM.height == pytest.approx(WIDE.width / WIDE.height)


def test_what_stands_in_a_page_takes_none_of_its_styles() -> None:
    charts = history(climbing(12), PSNR, TIERS) + distribution(rows([19.0] * 20), PSNR, TIERS, you="team 3")
    classes = {name for found in re.findall(r'class="([^"]*)"', charts) for name in found.split()}
    assert {name for name in classes if not name.startswith("c-")} == {"heldout-chart"}
    rules = re.search(r"<style>(.*?)</style>", charts, re.DOTALL)
    assert rules
    selectors = re.findall(r"^\s*([^@{}\n]*[^@{}\s])\s*\{", rules[1], re.MULTILINE)
    assert all(".heldout-chart" in part for selector in selectors for part in selector.split(","))
    assert not re.search(r'\bid="', charts)  # two of a kind may stand in one page


@pytest.mark.parametrize("metric", [PSNR, KID])
def test_better_is_up(metric: Metric) -> None:
    goal = 20.0 if metric.higher_is_better else 14.0
    for sheet in sheets(history(climbing(8, metric, goal=goal), metric)):
        labels = [one.text for one in sheet.iter(f"{SVG}text") if "c-name" in (one.get("class") or "")]
        assert labels[1:] == [f"team {number}" for number in range(7, 7 - len(labels) + 1, -1)]  # 0: the key


def test_labels_beside_the_lines_do_not_overlap() -> None:
    shipped = [step(f"solution {i}", 0, 19.9 + i / 100, TeamKind.REFERENCE) for i in range(30)]
    close = [step(f"team {i}", i, 20.0 - i / 1000) for i in range(40)]
    for sheet, layout in zip(sheets(history(close + shipped, PSNR, TIERS)), (WIDE, SLIM), strict=True):
        boxes = sorted((float(one.attrib["y"]), float(one.attrib["height"])) for one in _label_boxes(sheet))
        assert len(boxes) > 12 if layout is WIDE else len(boxes) > 7
        assert all(y + height <= below + 0.15 for (y, height), (below, _) in pairwise(boxes))
        assert boxes[0][0] > 0
        assert boxes[-1][0] + boxes[-1][1] < layout.height
        assert all(text in texts(sheet) for text in ("team 0", "team 1", "team 4"))


def _label_boxes(sheet: ElementTree.Element) -> list[ElementTree.Element]:
    return [one for one in sheet.findall(f"{SVG}svg") if "viewBox" not in one.attrib]


def test_only_the_best_teams_are_drawn_and_named_the_best_first() -> None:
    chart = history(climbing(3_000), PSNR, TIERS, top=10)
    wide, slim = sheets(chart)
    lines = {sheet.get("class"): len(numbered(sheet, "path", "c-line")) for sheet in (wide, slim)}
    assert lines == {"c-wide": 10, "c-slim": 5}
    assert "team 2999" in texts(wide)
    assert "team 2989" not in texts(wide)
    assert "The best teams: team 2999 20.00, team 2998 20.00" in described(chart)


def test_a_frozen_history_tells_nothing_of_what_came_later() -> None:
    early, late = [step("Ada", 0, 18.0), step("Bob", 1, 18.5)], [step("Ada", 5, 19.5), step("Eve", 6, 19.9)]
    until = START + timedelta(days=3)
    assert history(early + late, PSNR, TIERS, until=until) == history(early, PSNR, TIERS, until=until)
    assert "to 05 Nov 2026, 09:30 UTC" in described(history(early, PSNR, TIERS, until=until))


def test_a_hopeless_team_is_told_of_below_the_axis() -> None:
    steps = [*climbing(8), step("lost", 1, -400.0)]
    for sheet in sheets(history(steps, PSNR, TIERS)):
        assert ("↓ lost" in texts(sheet)) is (sheet.get("class") == "c-wide")


def test_the_lead_passes_on_and_falls_with_a_regrade() -> None:
    steps = [step("a", 0, 1.0), step("b", 1, 3.0), step("a", 2, 2.0), step("b", 3, 0.5), step("b", 4, 2.0)]
    found = leads(steps, higher_is_better=True)
    assert [(lead.score, lead.team) for lead in found] == [(1.0, "a"), (3.0, "b"), (2.0, "a")]
    assert [lead.at for lead in found] == [steps[0].at, steps[1].at, steps[3].at]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-3, 3)), max_size=30), st.booleans())
def test_leads_are_the_best_of_all_present_scores(moves: list[tuple[str, int]], higher: bool) -> None:
    steps = [step(team, day, score) for day, (team, score) in enumerate(moves)]
    best, now, wanted = max if higher else min, dict[str, float](), list[float]()
    for one in steps:
        now[one.team] = one.score
        if not wanted or wanted[-1] != best(now.values()):
            wanted.append(best(now.values()))
    assert [lead.score for lead in leads(steps, higher_is_better=higher)] == wanted


@pytest.mark.parametrize("metric", [PSNR, KID])
def test_better_is_to_the_right(metric: Metric) -> None:
    scores = [19.0 + i for i in range(5)]
    for sheet in sheets(distribution(rows(scores), metric, you="team 4")):
        dots = sorted(one["cx"] for one in numbered(sheet, "circle", "c-point"))
        [yours] = [one["cx"] for one in numbered(sheet, "circle", "c-you")]
        assert yours == (dots[-1] if metric.higher_is_better else dots[0])


def test_twelve_teams_are_a_histogram_and_every_team_is_in_it() -> None:
    for count, bars in ((11, False), (12, True)):
        for sheet in sheets(distribution(rows([19 + i / 10 for i in range(count)]), PSNR)):
            assert bool(numbered(sheet, "rect", "c-bar")) is bars
            assert len(numbered(sheet, "circle", "c-point")) == (0 if bars else count)
    drawn = sheets(
        distribution([*rows(np.linspace(17, 20, 500).tolist()), row("far", score=-50.0)], PSNR, TIERS)
    )[0]
    told = [
        int(found[1])
        for title in drawn.iter(f"{SVG}title")
        if (found := re.search(r": (\d+) team", title.text or ""))
    ]
    assert sum(told) == 500
    assert "← 1 more" in texts(drawn)


def test_the_text_alternative_has_the_figures() -> None:
    scores = [17.0, 18.0, 19.0, 19.5, 20.0]
    placed = [
        row(f"team {i}", score=s, tier=t)
        for i, (s, t) in enumerate(
            zip(scores, ("", "baseline", "baseline", "pass", "reference"), strict=True)
        )
    ]
    said = described(
        distribution([*placed, row("wiener", kind=TeamKind.BASELINE, score=18.02)], PSNR, TIERS, you="team 3")
    )
    assert "5 teams; higher is better. Median 19.00, quartiles 18.00 and 19.50." in said
    assert "Teams in each tier: reference 1, pass 1, baseline 2, none 1." in said
    assert "Shipped solutions: wiener 18.02." in said
    assert "team 3 has 19.50." in said


def test_your_bar_and_your_mark_stand_out() -> None:
    chart = distribution(rows([19 + i / 10 for i in range(40)]), PSNR, TIERS, you="team 7")
    for sheet in sheets(chart):
        assert len(numbered(sheet, "rect", "c-you")) == 1
        assert "team 7 19.70" in texts(sheet)
    assert 'c-you"' not in distribution(rows([19.0] * 40), PSNR, TIERS, you="nobody")


def test_bins_are_about_as_wide_as_freedman_and_diaconis_have_them() -> None:
    scores = np.random.default_rng(2).normal(19, 0.5, 400)
    low, high = float(scores.min()), float(scores.max())
    width = np.diff(np.histogram_bin_edges(scores, "fd"))[0]
    edges = bin_edges(scores.tolist(), low, high)
    assert 0.6 * width < edges[1] - edges[0] < 1.9 * width
    assert edges[0] <= low
    assert edges[-1] >= high
    assert len(bin_edges([19.0] * 399 + [20.0], 19.0, 20.0)) <= 70  # no quartile distance at all
    assert len(bin_edges([0.0, 1.0], 0.0, 1.0)) >= 5


@given(st.lists(st.floats(-50, 150), min_size=1, max_size=12))
def test_labels_are_spread_as_little_as_can_be(places: list[float]) -> None:
    wanted = sorted(places)
    found = spread(wanted, 10.0, 0.0, 120.0)
    assert all(b - a >= 10 - 0.11 for a, b in pairwise(found))
    assert found[0] >= 0
    assert found[-1] <= 120.1
    steps = np.arange(len(wanted)) * 10.0
    flat = isotonic_regression(np.array(wanted) - steps).x
    assert found == pytest.approx(np.clip(flat, 0, 120 - steps[-1]) + steps, abs=0.06)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=20))
def test_labels_in_rows_do_not_overlap(drawn: list[tuple[int, int]]) -> None:
    spans = [(float(left), float(left + width)) for left, width in drawn]
    placed = [(row, span) for row, span in zip(in_rows(spans, 4), spans, strict=True) if row is not None]
    assert all(row < 4 for row, _ in placed)
    for number, (row_of, (left, right)) in enumerate(placed):
        assert all(row_of != other or right <= a or b <= left for other, (a, b) in placed[:number])


@given(st.text(max_size=300), st.floats(2, 30))
def test_a_label_keeps_to_its_room(text: str, ems: float) -> None:
    assert extent(label(text, ems)) <= ems + 1e-9
    ElementTree.fromstring("<a>" + label(text, ems).replace("&", "&amp;").replace("<", "&lt;") + "</a>")


@given(st.floats(1e-30, 1e30))
def test_steps_are_round(least: float) -> None:
    step = round_step(least)
    assert least * (1 - 1e-6) <= step <= least * 2.5000001
    assert f"{step:.0e}"[0] in "125"


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (0.2, ["10:00", "11:00", "12:00", "13:00", "14:00"]),
        (3, ["12:00", "00:00", "12:00", "00:00", "12:00", "00:00"]),
        (6, ["3 Nov", "4 Nov", "5 Nov", "6 Nov", "7 Nov", "8 Nov"]),
        (30, ["9 Nov", "16 Nov", "23 Nov", "30 Nov"]),  # Mondays
        (150, ["Dec", "Jan", "Feb", "Mar", "Apr"]),
    ],
)
def test_times_are_marked_where_a_reader_looks_for_them(days: float, labels: list[str]) -> None:
    scale = Scale(seconds(START), seconds(START + timedelta(days=days)), 0, 600)
    marks = time_marks(scale, 7)
    assert [mark.label for mark in marks] == labels
    assert all(0 <= mark.at <= 600 for mark in marks)


@given(st.floats(3_600, 3e9), st.integers(3, 10))
def test_there_are_never_too_many_times(length: float, at_most: int) -> None:
    scale = Scale(seconds(START), seconds(START) + length, 0, 600)
    marks = time_marks(scale, at_most)
    assert len(marks) <= at_most + 1
    assert [mark.at for mark in marks] == sorted({mark.at for mark in marks})


def test_first_attempts_that_went_wrong_do_not_squeeze_the_rest() -> None:
    worst, best = shown_range([18.0, 20.0], [3.0, 17.0, 20.0], higher_is_better=True, least=0.1)
    assert (worst, best) == pytest.approx((16.85, 20.15))
    worst, best = shown_range([0.9, 0.1], [90.0, 1.0, 0.1], higher_is_better=False, least=0.1)
    assert (worst, best) == pytest.approx((1.045, 0.055))
