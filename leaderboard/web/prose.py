"""Markdown as HTML: statements with their formulas, and what students wrote, which is trusted in nothing."""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin

from leaderboard.plain import lines
from leaderboard.web.formulas import formula

LONGEST = 50_000  # characters of a write-up that are shown
DEEPEST = 6  # levels of headings that HTML has


@lru_cache(maxsize=64)
def statement(markdown: str) -> Markup:
    """An assignment's README under the page's own title: its first heading is left out.

    >>> statement("# Denoise\\n\\nA *blur*, $x^2$.\\n\\n## The task")[:14]
    Markup('<p>A <em>blur<')
    """
    tokens = _reader().parse(markdown)
    if tokens and (tokens[0].type, tokens[0].tag) == ("heading_open", "h1"):
        tokens = tokens[3:]
    return _html(tokens)


@lru_cache(maxsize=256)
def write_up(text: str) -> Markup:
    """What a team wrote, without HTML, pictures, or anything that runs; its headings are below the page's.

    >>> write_up("# Hi <b>\\n[x](a)")
    Markup('<h4>Hi &lt;b&gt;</h4>\\n<p><a href="a" rel="nofollow noopener noreferrer">x</a></p>\\n')
    """
    return _html(_reader(trusted=False).parse(lines(text[:LONGEST])), deeper=3)


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


def _html(tokens: Sequence[Token], deeper: int = 0) -> Markup:
    for token in tokens:
        _settle(token, deeper)
        for inner in token.children or ():
            _settle(inner, deeper)
    made = _reader()
    html = made.renderer.render(tokens, made.options, {})
    for tag in ("pre", "table"):  # wider than a phone, they scroll: by the keyboard, too
        html = html.replace(f"<{tag}>", f'<{tag} tabindex="0">')
    return Markup(html)


def _settle(token: Token, deeper: int) -> None:
    """Classes for styles, which a page may not have; headings deeper; links that vouch for nothing."""
    style = token.attrs.pop("style", None)
    if isinstance(style, str) and style.startswith("text-align:"):
        token.attrJoin("class", style.removeprefix("text-align:"))
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(int(token.tag[1]) + deeper, DEEPEST)}"
    if token.type == "link_open" and deeper:
        token.attrSet("rel", "nofollow noopener noreferrer")
