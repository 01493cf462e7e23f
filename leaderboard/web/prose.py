"""Markdown as HTML: statements with their formulas, and what students wrote, which is trusted in nothing."""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import groupby
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin

from leaderboard.plain import lines
from leaderboard.web.formulas import formula

LONGEST = 50_000  # characters of a write-up that are shown
HIGHEST, DEEPEST = 3, 6  # headings of a write-up
SAFE = re.compile(r"https?://|mailto:|[^:]*$")  # links of a write-up


@lru_cache(maxsize=64)
def statement(markdown: str) -> Markup:
    """An assignment's README under the page's own title: its first heading is left out.

    >>> statement("# Denoise\\n\\nA *blur*, $x^2$.\\n\\n## The task")[:14]
    Markup('<p>A <em>blur<')
    """
    tokens = _reader().parse(lines(markdown))
    if tokens and (tokens[0].type, tokens[0].tag) == ("heading_open", "h1"):
        tokens = tokens[3:]
    return _html(tokens)


@lru_cache(maxsize=256)
def write_up(text: str) -> Markup:
    """What a team wrote, without HTML, pictures, or anything that runs; its headings are below the page's.

    >>> write_up("# Hi <b>\\n[x](a)")
    Markup('<h3>Hi &lt;b&gt;</h3>\\n<p><a href="a" rel="nofollow noopener noreferrer">x</a></p>\\n')
    """
    tokens = _reader(trusted=False).parse(lines(text[:LONGEST]))
    _lower_headings(tokens)
    _keep_distance(tokens)
    return _html(tokens)


@lru_cache(maxsize=16)
def cells(texts: tuple[str, ...]) -> tuple[Markup, ...]:
    """The prose of one notebook, trusted in nothing either: its headings keep their order from cell to cell.

    >>> cells(("# A", "### B"))
    (Markup('<h3>A</h3>\\n'), Markup('<h4>B</h4>\\n'))
    """
    parsed = [_reader(trusted=False).parse(lines(text[:LONGEST])) for text in texts]
    every = [token for tokens in parsed for token in tokens]
    _lower_headings(every)
    _keep_distance(every)
    return tuple(_html(tokens) for tokens in parsed)


@cache
def _reader(*, trusted: bool = True) -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable("table")
    dollarmath_plugin(made, allow_labels=False, allow_space=False, allow_digits=False, renderer=_formula)
    made.add_render_rule("math_block", _block)
    if not trusted:
        made.disable("image")
    return made


def _formula(latex: str, options: dict[str, Any]) -> str:
    return formula(latex, display=options["display_mode"])


def _block(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return f'<div class="math block" tabindex="0">{formula(tokens[at].content.strip(), display=True)}</div>\n'


def _keep_distance(tokens: Sequence[Token]) -> None:
    """Links lead to another page or nowhere, and this one neither vouches for them nor is known there."""
    for link in (inner for token in tokens for inner in token.children or () if inner.type == "link_open"):
        if not SAFE.match(str(link.attrs["href"])):
            link.attrs["href"] = "#"
        link.attrs["rel"] = "nofollow noopener noreferrer"


def _lower_headings(tokens: Sequence[Token]) -> None:
    """From HIGHEST on, and never two levels at once, whatever the author skipped."""
    opened = [token for token in tokens if token.type == "heading_open"]
    first = min((int(token.tag[1]) for token in opened), default=1)
    level = HIGHEST - 1
    for token in tokens:
        if token.type == "heading_open":
            level = min(int(token.tag[1]) - first + HIGHEST, level + 1, DEEPEST)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{level}"


def _html(tokens: Sequence[Token]) -> Markup:
    for token in tokens:  # a page has no styles of its own
        style = token.attrs.pop("style", None)
        if isinstance(style, str) and style.startswith("text-align:"):
            token.attrJoin("class", style.removeprefix("text-align:"))
    made = _reader()
    html = made.renderer.render(list(_without_empty_heads(tokens)), made.options, {})
    for tag in ("pre", "table"):  # wider than a phone, they scroll: by the keyboard, too
        html = html.replace(f"<{tag}>", f'<{tag} tabindex="0">')
    return Markup(html)


def _without_empty_heads(tokens: Sequence[Token]) -> Iterator[Token]:
    """Markdown has no table without a head: one that says nothing is left out."""
    for begin, group in groupby(_numbered(tokens), key=lambda pair: pair[0]):
        found = [token for _, token in group]
        if begin % 2 == 0 or any(token.content for token in found):
            yield from found


def _numbered(tokens: Sequence[Token]) -> Iterator[tuple[int, Token]]:
    """Each with the number of its stretch: odd ones are heads of tables."""
    number = 0
    for token in tokens:
        number += token.type == "thead_open"
        yield number, token
        number += token.type == "thead_close"
