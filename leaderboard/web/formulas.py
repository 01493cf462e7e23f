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
BARS, LIKE = ("|", "‖", "∥", "∣"), ("~", "∼")
ROWS = ("mrow", "math", "mtd")
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
    text = _plain(found)
    if found.tag not in KEPT:
        yield from inner
    elif _is_word(found):
        yield _leaf("mi", "".join(one.text or "" for one in inner))
    elif text in LIKE:
        yield _leaf("mo", "∼")
    else:
        made = Element(found.tag, {name: found.attrib[name] for name in found.attrib if name in ATTRIBUTES})
        if found.tag == "mo" and text in BARS:
            made.attrib.setdefault("stretchy", "false")  # which side a bar is of can't be told
        made.text = text or None
        made.extend(_spaced(inner) if found.tag in ROWS else inner)
        yield made


def _plain(found: Element) -> str:
    """Its text, where the spaces at the ends of words are meant."""
    text = html.unescape(found.text or "")
    return one_line(f"|{text}|")[1:-1].replace(" ", "\xa0") if found.tag == "mtext" else one_line(text)


def _is_word(found: Element) -> bool:
    """What `mathrm` makes of a name: a letter at a time."""
    upright = all(one.tag == "mi" and one.attrib.get("mathvariant") == "normal" for one in found)
    return found.tag == "mrow" and len(found) > 1 and upright


def _leaf(tag: str, text: str) -> Element:
    made = Element(tag)
    made.text = text
    return made


def _spaced(row: list[Element]) -> Iterator[Element]:
    """A function's name, "log" say, keeps apart from what stands beside it, but for parentheses."""
    for before, one in zip([None, *row], row, strict=False):
        if before is not None and (_function(before) or _function(one)) and "mo" not in (before.tag, one.tag):
            yield Element("mspace", ROOM)
        yield one


def _function(one: Element) -> bool:
    named = one[0] if one.tag in ("msub", "msup", "munder") and len(one) else one
    return named.tag == "mi" and len(named.text or "") > 1 and (named.text or "").isascii()
