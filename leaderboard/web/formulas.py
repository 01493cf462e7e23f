"""LaTeX as MathML, which browsers draw without a script. Who wrote it is not trusted."""

import html
import re
from collections.abc import Iterator
from functools import lru_cache
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from latex2mathml import exceptions
from latex2mathml.converter import convert_to_element
from markupsafe import Markup

from leaderboard.plain import one_line

LONGEST = 1_000  # characters of a formula
ROOM = {"width": "0.167em"}  # between "log" and what it is of
KEPT = frozenset(
    [
        "math",
        "mrow",
        "mi",
        "mo",
        "mn",
        "mtext",
        "ms",
        "mspace",
        "mfrac",
        "msqrt",
        "mroot",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mtable",
        "mtr",
        "mtd",
        "mpadded",
        "mphantom",
        "mstyle",
        "menclose",
    ]
)
ATTRIBUTES = frozenset(
    [
        "display",
        "displaystyle",
        "scriptlevel",
        "stretchy",
        "fence",
        "form",
        "separator",
        "accent",
        "accentunder",
        "movablelimits",
        "lspace",
        "rspace",
        "width",
        "linethickness",
        "columnalign",
    ]
)
# Those that define others, which may grow without end, and those that set attributes of a page's own.
REFUSED = re.compile(
    r"\\(?:[a-z]*def|let|new|renew|Declare|href|class|style|cssId|require|unicode)", re.IGNORECASE
)
OWN = [each for each in vars(exceptions).values() if isinstance(each, type) and issubclass(each, Exception)]
BROKEN: tuple[type[Exception], ...] = (
    *OWN,
    *(AssertionError, AttributeError, LookupError, RecursionError, StopIteration, TypeError, ValueError),
)


@lru_cache(maxsize=4096)
def formula(latex: str, *, display: bool = False) -> Markup:
    """`latex` as a MathML element; as it was typed, where it can't be read.

    >>> formula(r"x_i")
    Markup('<math display="inline"><mrow><msub><mi>x</mi><mi>i</mi></msub></mrow></math>')
    >>> formula("<b>^")
    Markup('<code>&lt;b&gt;^</code>')
    """
    if len(latex) > LONGEST or REFUSED.search(latex):
        return as_typed(latex)
    try:
        made = convert_to_element(latex, xmlns="", display="block" if display else "inline")
    except BROKEN:
        return as_typed(latex)
    [clean] = _clean(made)
    return Markup(ElementTree.tostring(clean, encoding="unicode"))


def as_typed(latex: str) -> Markup:
    return Markup("<code>{}</code>").format(one_line(latex))


def _clean(found: Element) -> Iterator[Element]:
    """A copy with nothing but what formulas need; of other elements what is in them."""
    inner = [clean for child in found for clean in _clean(child)]
    if found.tag not in KEPT:
        yield from inner
        return
    made = Element(found.tag, {name: found.attrib[name] for name in found.attrib if name in ATTRIBUTES})
    if found.attrib.get("mathvariant") == "normal":
        made.set("mathvariant", "normal")
    made.text = one_line(html.unescape(found.text)) if found.text else None
    made.extend(inner if found.tag not in ("mrow", "math", "mtd") else _spaced(inner))
    yield made


def _spaced(row: list[Element]) -> Iterator[Element]:
    """A function's name, "log" say, keeps apart from what it is of, unless that stands in parentheses."""
    for number, one in enumerate(row):
        yield one
        following = row[number + 1] if number + 1 < len(row) else None
        if _function(one) and following is not None and following.tag != "mo":
            yield Element("mspace", ROOM)


def _function(one: Element) -> bool:
    named = one[0] if one.tag in ("msub", "msup", "munder") and len(one) else one
    return named.tag == "mi" and len(named.text or "") > 1 and (named.text or "").isascii()
