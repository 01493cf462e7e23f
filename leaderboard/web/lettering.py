"""Words on a drawing that can't be asked how wide they are: estimated, shortened, and kept apart."""

import unicodedata
from collections.abc import Sequence

from leaderboard.plain import one_line

MARKS = 3  # accents on one letter: Hebrew and Thai need as many, a tower of them is no name
READ = 200  # characters of a name that are looked at: any label is shorter
NOT_XML = frozenset("\ufffe\uffff")
NARROW, WIDE = frozenset("fijlrtI.,:;'|!()[]/ -"), frozenset("mwMW@%…—<=>")


def extent(text: str) -> float:
    """About how wide `text` is in a sans serif face, in ems.

    >>> round(extent("Ada"), 2), round(extent("網路"), 2), extent("")
    (1.92, 2.2, 0)
    """
    return sum(map(_ems, text))


def label(text: str, ems: float) -> str:
    """`text` on one line of at most `ems`, with an ellipsis where it was cut, and fit for XML.

    >>> label("Ada Lovelace", 20), label("x" * 10_000, 3)
    ('Ada Lovelace', 'xxx…')
    """
    line = _fewer_marks(one_line(text[: READ * 50])[:READ])
    if extent(line) <= ems:
        return line
    while line and extent(line) + _ems("…") > ems:
        line = line[:-1]
    return line.rstrip(" \u200c\u200d") + "…"


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places `gap` or more apart, each as near to the one `wanted` as the others allow, in the same order.

    `wanted` rises; all places lie between `low` and `high`, which must be far enough apart. Least squares by
    pooling adjacent violators (Ayer et al. 1955).
    """
    pools: list[tuple[float, int]] = []  # mean and size; within a pool they stand as close as they may
    for index, place in enumerate(wanted):
        mean, size = place - index * gap, 1
        while pools and pools[-1][0] > mean:
            before, more = pools.pop()
            mean, size = (mean * size + before * more) / (size + more), size + more
        pools.append((mean, size))
    flat = [mean for mean, size in pools for _ in range(size)]
    last = high - (len(flat) - 1) * gap
    return [round(min(max(mean, low), last) + index * gap, 1) for index, mean in enumerate(flat)]


def in_rows(spans: Sequence[tuple[float, float]], rows: int) -> list[int | None]:
    """The row of each span from left to right, none over another; None where all `rows` are taken.

    Spans are given the more important first.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in range(rows)]
    places: list[int | None] = []
    for left, right in spans:
        free = (row for row in range(rows) if all(right <= a or b <= left for a, b in taken[row]))
        row = next(free, None)
        places.append(row)
        if row is not None:
            taken[row].append((left, right))
    return places


def _ems(char: str) -> float:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0.0
    if unicodedata.east_asian_width(char) in {"W", "F"}:
        return 1.1
    if char in WIDE:
        return 0.95
    if char in NARROW:
        return 0.36
    return 0.7 if char.isupper() else 0.61


def _fewer_marks(text: str) -> str:
    kept, run = [], 0
    for char in text:
        run = run + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        if run <= MARKS and char not in NOT_XML:
            kept.append(char)
    return "".join(kept)
