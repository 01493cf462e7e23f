"""Two sources in one view, as `diff -u` has it: what is in one alone, in the other alone, in both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby

CONTEXT = 2  # lines of both around a difference
LONGEST = 1_000  # lines of a source that are compared: the time grows with the product of both lengths
SHOWN = 120  # lines of a view


class Side(StrEnum):
    FIRST = "first"
    SECOND = "second"
    BOTH = "same"
    LEFT_OUT = "left-out"


MARKS = {Side.FIRST: "−", Side.SECOND: "+", Side.BOTH: " ", Side.LEFT_OUT: "⋯"}


@dataclass(frozen=True)
class Line:
    side: Side
    text: str
    handed_out: bool = False  # also in the starter

    @property
    def mark(self) -> str:
        return MARKS[self.side]


def unified(first: str, second: str, known: frozenset[str] = frozenset()) -> list[Line]:
    """At most SHOWN lines. known: those that were handed out, without indentation.

    Of long stretches that are in both and were handed out, only CONTEXT lines at each end are left.

    >>> [(line.mark, line.text) for line in unified("a\\nb\\nc", "a\\nB\\nc")]
    [(' ', 'a'), ('−', 'b'), ('+', 'B'), (' ', 'c')]
    """
    ours, theirs = first.splitlines()[:LONGEST], second.splitlines()[:LONGEST]
    lines = _folded([Line(side, text, text.strip() in known) for side, text in _lines(ours, theirs)])
    if len(lines) > SHOWN:
        return [*lines[:SHOWN], Line(Side.LEFT_OUT, f"{len(lines) - SHOWN} more lines")]
    return lines


def _folded(lines: Sequence[Line]) -> list[Line]:
    folded: list[Line] = []
    for dull, run in groupby(lines, key=lambda line: line.side is Side.BOTH and line.handed_out):
        stretch = list(run)
        if dull and len(stretch) > 2 * CONTEXT + 1:
            gap = Line(Side.LEFT_OUT, f"{len(stretch) - 2 * CONTEXT} lines that were handed out")
            stretch = [*stretch[:CONTEXT], gap, *stretch[-CONTEXT:]]
        folded += stretch
    return folded


def _lines(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[Side, str]]:
    if ours == theirs:
        yield from ((Side.BOTH, text) for text in ours)
        return
    groups = SequenceMatcher(None, ours, theirs).get_grouped_opcodes(CONTEXT)
    for number, group in enumerate(groups):
        if number:
            yield Side.LEFT_OUT, ""
        for kind, start, stop, other_start, other_stop in group:
            if kind == "equal":
                yield from ((Side.BOTH, text) for text in ours[start:stop])
                continue
            yield from ((Side.FIRST, text) for text in ours[start:stop])
            yield from ((Side.SECOND, text) for text in theirs[other_start:other_stop])
