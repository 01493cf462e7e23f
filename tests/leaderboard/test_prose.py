"""Markdown and formulas: drawn for people, harmless whoever wrote them."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from grader import catalogue
from leaderboard.web.formulas import ATTRIBUTES, KEPT, LONGEST, formula
from leaderboard.web.prose import statement, write_up
from tests.leaderboard.markup import Markup

BACKSLASH = "\\"
PLAIN = {"a", "blockquote", "br", "code", "del", "div", "em", "hr", "p", "pre", "span", "strong"}
LISTS = {"li", "ol", "table", "tbody", "td", "th", "thead", "tr", "ul"}
ALLOWED = PLAIN | LISTS | {"h3", "h4", "h5", "h6"}


@pytest.mark.parametrize("slug", catalogue.slugs())
def test_every_statement_is_drawn_with_its_formulas(slug: str) -> None:
    written = (catalogue.find(slug).folder / "README.md").read_text(encoding="utf-8")
    html = statement(written)
    read = Markup(html)
    dollars = re.sub(r"```.*?```|`[^`]*`", "", written, flags=re.DOTALL).count("$")
    assert read.tags.count("math") == len(re.findall(r"\$\$.+?\$\$|\$[^$]+\$", written, re.DOTALL)) > 0
    assert dollars
    assert "$" not in re.sub(r"<pre.*?</pre>", "", html, flags=re.DOTALL)
    assert not re.search(r"\\[a-z]+\b", read.text), "a command that was not understood"
    assert "h1" not in read.tags
    assert read.active == []
    assert not [head for head in re.findall(r"<th[^>]*>(.*?)</th>", html) if not head]


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"\mathrm{PSNR} = 10 \log_{10} x", "PSNR=10log10x"),
        (r"z \sim N(0, I)", "z∼N(0,I)"),
        (r"\lVert x_i \rVert^2", "‖xi‖2"),
        (r"a < b \text{ & } c", "a<b & c"),
        (r"\frac{1}{n} \sum_{i=1}^n x_i", "1n∑i=1nxi"),
    ],
)
def test_a_formula_is_what_was_meant(latex: str, shown: str) -> None:
    found = formula(latex)
    assert "".join(ElementTree.fromstring(found).itertext()).replace("\xa0", " ") == shown
    assert found.startswith("<math")


def test_a_function_keeps_apart_from_what_it_is_of() -> None:
    assert formula(r"\log x").count("mspace") == 1
    assert "mspace" not in formula(r"\log(x)")


@pytest.mark.parametrize(
    "latex",
    [
        r"\def\a{xx}\def\b{\a\a\a\a}\b",
        r"\newcommand{\a}{\a\a}\a",
        r"\href{javascript:alert(1)}{x}",
        r"\class{top}{x}",
        r"\style{position:fixed}{x}",
        r"\frac",
        "^",
        "{" * 900,
        r"\left(" * 100,
        "x" * (LONGEST + 1),
        r"\begin{matrix} a & b",
        "<script>alert(1)</script>^",
    ],
)
def test_what_is_no_formula_is_shown_as_it_was_typed(latex: str) -> None:
    found = formula(latex)
    assert found.startswith("<code>")
    assert ElementTree.fromstring(found).text == latex


@pytest.mark.parametrize(
    "latex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{&lt;script&gt;alert(1)&lt;/script&gt;}",
        r"\operatorname{<img src=x onerror=alert(1)>}",
        r"\color{red}{x}",
        r"\colorbox{red}{x}",
        r"\mathrm{\"><svg onload=alert(1)>}",
        r"\begin{matrix} <a href=x>b</a> & c \end{matrix}",
        "<b>\u202e\x1b[31m</b>",
    ],
)
def test_a_formula_has_nothing_but_what_formulas_need(latex: str) -> None:
    found = formula(latex)
    if found.startswith("<code>"):
        return
    read = Markup(found)
    assert set(read.tags) <= KEPT
    assert {name for _, attributes in read.elements for name in attributes} <= ATTRIBUTES | {"mathvariant"}
    assert not re.search("[\x1b\u202e]", found)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](http://evil.example/pixel.png)",
        "![x](data:image/png;base64,AAAA)",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "[x](vbscript:x)",
        "<javascript:alert(1)>",
        '[x](http://a.example "onmouseover=alert(1)")',
        "[x]: javascript:alert(1)\n\n[x]",
        "```<script>\nalert(1)\n```",
        "| <b> |\n|:-:|\n| <i> |",
        "$\\text{<b>}$ and $$\\href{javascript:x}{y}$$",
        "&lt;script&gt; \u202e \x1b[31m",
        "# " * 40 + "x",
        "> " * 200 + "deep",
        "- " * 200 + "deep",
    ],
)
def test_a_write_up_runs_and_fetches_nothing(text: str) -> None:
    html = write_up(text)
    read = Markup(html)
    assert read.active == []
    assert set(read.tags) <= ALLOWED | KEPT
    assert not re.search("[\x1b\u202e]", html)
    for link in read.every("a"):
        assert re.match(r"https?://|[^:]*$", link["href"] or "")
        assert link["rel"] == "nofollow noopener noreferrer"


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("# a\n## b\n# c", ["h3", "h4", "h3"]),
        ("### a\n#### b", ["h3", "h4"]),
        ("## a\n##### b\n# c", ["h4", "h5", "h3"]),
        ("# a\n## b\n### c\n#### d\n##### e", ["h3", "h4", "h5", "h6", "h6"]),
    ],
)
def test_headings_of_a_write_up_stand_below_the_pages(text: str, levels: list[str]) -> None:
    found = [tag for tag in Markup(write_up(text)).tags if tag.startswith("h")]
    if text.startswith("## a"):  # it begins deeper than it goes on: no level is skipped
        levels = ["h3", "h4", "h3"]
    assert found == levels


def test_a_long_write_up_is_cut_and_a_page_of_formulas_is_quick() -> None:
    assert len(write_up("x" * 200_000)) < 60_000
    assert write_up("$x$ " * 2_000).count("<math") == 2_000


def test_columns_are_aligned_by_classes() -> None:
    html = write_up("| a | b |\n|--:|:-:|\n| 1 | 2 |")
    assert 'class="right"' in html
    assert 'class="center"' in html
    assert "style" not in html


def test_statements_stay_readable_as_they_are() -> None:
    """In a terminal: no formula of a statement is long, and none is in a table."""
    for slug in catalogue.slugs():
        path: Path = catalogue.find(slug).folder / "README.md"
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not (line.startswith("|") and "$" in line), (slug, line)
            assert line.count(BACKSLASH) <= 14 or len(line) <= 220, (slug, line)
