"""Text at the exit: what students typed, made harmless for terminals and spreadsheets."""

import unicodedata

from leaderboard.names import BIDI

FORMULA = tuple("=+-@＝＋－＠")


def one_line(text: str) -> str:
    """`text` on one line: spaces for line ends and tabs, � for what could steer a terminal, no bidi controls.

    >>> one_line("a\\tb\\x1b[31m")
    'a b�[31m'
    """
    return "".join(_harmless(char) for char in text if char not in BIDI).strip()


def lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(one_line_indented(line) for line in text.splitlines())


def one_line_indented(text: str) -> str:
    """`one_line` that keeps the indentation, which a traceback needs."""
    return "".join(_harmless(char) for char in text.expandtabs(4) if char not in BIDI).rstrip()


def csv_cell(text: str) -> str:
    """`one_line`, prefixed with an apostrophe where a spreadsheet would take it for a formula.

    >>> csv_cell("=cmd|x")
    "'=cmd|x"
    """
    line = one_line(text)
    return f"'{line}" if line.startswith(FORMULA) else line


def storable(text: str) -> str:
    """`text` as every database can hold it: without NUL (PostgreSQL refuses it) and lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _harmless(char: str) -> str:
    if char.isspace():
        return " "
    return "\ufffd" if unicodedata.category(char) in {"Cc", "Cs"} else char
