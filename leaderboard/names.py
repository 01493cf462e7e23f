"""Names at the door: what may be called what, and when two names are the same."""

import unicodedata

from grader.errors import HeldoutError

LONGEST_NAME = 100
# Overrides and isolates turn the text around them about; no name needs them, right-to-left ones included.
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_name(text: str, *, what: str = "a name", where: str = "") -> str:
    """Return `text` in Unicode's composed form, without surrounding space.

    Raises HeldoutError when it is empty, longer than 100 characters, or holds control characters.
    """
    name = unicodedata.normalize("NFC", text.strip())
    if not name_key(name):
        raise HeldoutError(f"{what} is empty", where=where, expected="1 to 100 characters")
    if len(name) > LONGEST_NAME:
        raise HeldoutError(
            f"{what} has {len(name):,} characters",
            where=where,
            expected=f"at most {LONGEST_NAME}",
            next_step="shorten it",
        )
    odd = sorted({f"U+{ord(char):04X}" for char in name if _is_control(char)})
    if odd:
        raise HeldoutError(
            f"{what} holds control characters: {', '.join(odd[:5])}",
            where=where,
            expected="letters, digits, punctuation, spaces",
            next_step="type it anew",
        )
    return name


def name_key(name: str) -> str:
    """What two names have in common when a reader would take them for one: case, width, invisible signs.

    >>> name_key("Ada  LOVELACE") == name_key("Ａda Love\\u200blace")
    True
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    visible = "".join(char for char in folded if unicodedata.category(char) not in {"Cf", "Cc"})
    return " ".join(visible.split())


def _is_control(char: str) -> bool:
    return char in BIDI or unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
