"""What a teacher's own answer says an answer is worth: a list that whoever reads answers ticks off.

Rubric:
- [1.5] names the trade-off
- [0.5] says for whom it is worth it
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.errors import HeldoutError

TITLE = "Rubric:"
ITEM = re.compile(r"-\s+\[([^\[\]]*)\](.*)")
COMMENT = re.compile(r"^\s*(?:#+\s*)?")  # an answer that is code has its rubric in comments
CLOSE = 1e-9  # points that are written as decimals don't add up exactly
LONGEST = 300  # characters of an item


@dataclass(frozen=True)
class RubricItem:
    points: float
    text: str


def read_rubric(answer: str) -> tuple[RubricItem, ...]:
    """The items of an answer; none where it has no rubric. Raises HeldoutError where one can't be read."""
    items = tuple(map(_item, rubric_lines(answer)))
    said = [item.text for item in items]
    if twice := next((text for text in said if said.count(text) > 1), ""):
        raise HeldoutError(
            f"an item is twice in the rubric: {twice[:80]!r}", expected="each item once, in words of its own"
        )
    return items


def rubric_lines(answer: str) -> Sequence[str]:
    """The lines of its items. A title that no list follows is prose."""
    lines = list(map(bare, answer.split("\n")))
    if TITLE not in lines:
        return []
    return list(_listed(lines[lines.index(TITLE) + 1 :]))


def bare(line: str) -> str:
    """Without what makes it a comment."""
    return COMMENT.sub("", line, count=1).rstrip()


def check_sum(items: Sequence[RubricItem], points: float) -> None:
    """Raise HeldoutError unless the items are worth what their cell is."""
    found = math.fsum(item.points for item in items)
    if items and abs(found - points) > CLOSE:
        raise HeldoutError(
            f"the items of the rubric have {found:g} points together, the cell has {points:g}",
            expected="the same",
            next_step="change the points of an item, or of the cell",
        )


def _listed(lines: Sequence[str]) -> Iterator[str]:
    """Up to the end of the list: a line that is empty, or a mark, and that no other item follows."""
    begun, gap = False, False
    for line in lines:
        if line.startswith("-"):
            begun, gap = True, False
            yield line
        elif not line or line.startswith(("BEGIN ", "END ")):
            gap = True
        elif begun and not gap:
            raise HeldoutError(
                f"a line of the rubric is no item: {line[:80]!r}",
                expected="one item a line, and an empty line after the last one",
            )
        else:
            return


def _item(line: str) -> RubricItem:
    found = ITEM.fullmatch(line)
    text = found[2].strip() if found else ""
    points = _number(found[1]) if found else None
    if points is None or not 0 < len(text) <= LONGEST:
        raise HeldoutError(
            f"an item of the rubric can't be read: {line[:80]!r}",
            expected="points in brackets, more than 0, then a sentence: `- [1.5] names the trade-off`",
        )
    return RubricItem(points, text)


def _number(typed: str) -> float | None:
    try:
        points = float(typed.replace(",", "."))
    except ValueError:
        return None
    return points if 0 < points < math.inf else None
