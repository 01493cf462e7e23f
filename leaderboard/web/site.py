"""Pages that everybody may read, live and exported: from records to HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from grader.errors import HeldoutError
from grader.outline import Outline, RunKind
from leaderboard.records import Quota, Row
from leaderboard.web import prose
from leaderboard.web.board import Board, Exhibit
from leaderboard.web.environment import render
from leaderboard.web.frame import Frame, Menu

BADGES = {
    "starter-only": "what was handed out to begin with, unchanged",
    "not deterministic": "trained and judged again by the same seeds, it came out otherwise",
    "unsandboxed": "judged without a sandbox",
    "baseline": "shipped with the assignment; takes no rank",
    "reference": "shipped with the assignment; takes no rank",
}
LAID_OUT = 12  # pictures of one name that a board's page shows; the gallery has all
TITLES = {
    400: "That can't be read",
    403: "Not for you",
    404: "Nothing here",
    409: "Not now",
    429: "Too much at once",
}


@dataclass(frozen=True)
class Own:
    """What the reader's team has on one board."""

    run_kind: RunKind
    best: Row | None = None
    quota: Quota | None = None


@dataclass(frozen=True)
class Offer:
    """Points that a notebook gives at most: by its tests, and by somebody's reading."""

    automatic: float
    manual: float


@dataclass(frozen=True)
class Card:
    """An assignment in short. `boards` need rows alone; private ones only where the reader may see them.

    notebook: where it was handed out.
    """

    menu: Menu
    boards: Sequence[Board]
    own: Sequence[Own] = ()
    revealed: bool = False  # everybody sees the private boards
    notebook: Offer | None = None

    @property
    def assignment(self) -> Outline:
        return self.menu.assignment


@dataclass(frozen=True)
class Solution:
    """How a team says that it got there; `row`: where it stands on the board, if it does."""

    ref: int
    team: str
    text: str
    written_at: datetime
    row: Row | None = None

    @property
    def html(self) -> str:
        return prose.write_up(self.text)


def home_page(frame: Frame, cards: Sequence[Card]) -> str:
    """The course: its assignments, each with its boards in short."""
    return render("home.html", frame=frame, cards=cards)


def assignment_page(frame: Frame, card: Card, statement: str = "") -> str:
    """An assignment: dates, limits, commands, and its statement, which is Markdown."""
    html = prose.statement(statement) if statement else ""
    return render("assignment.html", frame=frame, menu=card.menu, card=card, statement=html)


def board_page(frame: Frame, menu: Menu, board: Board) -> str:
    return render("board.html", frame=frame, menu=menu, board=board, badges=BADGES, most=LAID_OUT)


def gallery_page(frame: Frame, menu: Menu, boards: Sequence[Board]) -> str:
    """What stands on the boards, large: shipped solutions first, then teams in the order of each board."""
    halls = [(board, [_shipped_first(one) for one in board.exhibits]) for board in boards if board.exhibits]
    return render("gallery.html", frame=frame, menu=menu, halls=halls)


def _shipped_first(one: Exhibit) -> Exhibit:
    return Exhibit(one.name, one.caption, sorted(one.pieces, key=lambda piece: piece.row.rank > 0))


def solutions_page(frame: Frame, menu: Menu, solutions: Sequence[Solution]) -> str:
    """Write-ups, in the order they are given: the board's."""
    return render("solutions.html", frame=frame, menu=menu, solutions=solutions)


def error_page(frame: Frame, error: HeldoutError, status: int) -> str:
    """What happened, where, what was expected, what to do next; nothing else is told."""
    title = TITLES.get(status, "That didn't work" if status < 500 else "Something broke on our side")
    return render("error.html", frame=frame, error=error, status=status, title=title)
