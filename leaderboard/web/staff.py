"""Pages of the staff: observers see them without forms. What is decided on them is in the audit log."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from grader.outline import Outline, RunKind
from leaderboard import disclosure
from leaderboard.activity import Tally
from leaderboard.membership import Member
from leaderboard.records import Event, Regrade, Row, Submission
from leaderboard.render_rules import Moves
from leaderboard.web.environment import render
from leaderboard.web.frame import Frame, Menu
from leaderboard.web.personal import tone


@dataclass(frozen=True)
class Sheaf:
    """One page of a list: `number` of `pages`, from 1 on."""

    number: int = 1
    pages: int = 1


@dataclass(frozen=True)
class Line:
    """A student on one board: what counts, whatever is made of it. late: entries after the deadline."""

    student: Member
    public: Row | None = None
    private: Row | None = None
    entries: int = 0
    late: int = 0
    extension: datetime | None = None


def queue_page(frame: Frame, waiting: Sequence[Submission], tally: Tally, slugs: Sequence[str] = ()) -> str:
    """What runs and what waits, in the order in which it will be claimed, who grades, and what is paused."""
    paused = {pause.assignment for pause in tally.pauses}
    return render(
        "staff/queue.html",
        frame=frame,
        waiting=waiting,
        tally=tally,
        running=[slug for slug in ("", *slugs) if slug not in paused],
        tone=tone,
    )


def submissions_page(
    frame: Frame,
    submissions: Sequence[Submission],
    *,
    assignments: Mapping[str, Outline],
    slug: str = "",
    sheaf: Sheaf = Sheaf(),
) -> str:
    """Everybody's, newest first; of one assignment where `slug` names it."""
    return render(
        "staff/submissions.html",
        frame=frame,
        submissions=submissions,
        assignments=assignments,
        slug=slug,
        sheaf=sheaf,
        status=disclosure.status,
        tone=tone,
    )


def roster_page(frame: Frame, members: Sequence[Member]) -> str:
    """Staff and students with their teams, and when each was last seen."""
    return render("staff/roster.html", frame=frame, members=members)


def audit_page(frame: Frame, events: Sequence[Event], sheaf: Sheaf = Sheaf()) -> str:
    """Who decided what, newest first."""
    told = [(event, _detail(event)) for event in events]
    return render("staff/audit.html", frame=frame, events=told, sheaf=sheaf)


def _detail(one: Event) -> list[tuple[str, str]]:
    return [
        (name, value if isinstance(value, str) else json.dumps(value))
        for name, value in one.detail.items()
        if value is not None
    ]


def regrades_page(frame: Frame, menu: Menu, regrade: Regrade | None, moves: Sequence[Moves] = ()) -> str:
    """The open set, if there is one, and who would move if it were applied."""
    return render("staff/regrades.html", frame=frame, menu=menu, regrade=regrade, moves=moves)


def grades_page(frame: Frame, menu: Menu, lines: Sequence[Line], run_kind: RunKind = RunKind.EVALUATE) -> str:
    """What each student has on one board, public and private."""
    return render("staff/grades.html", frame=frame, menu=menu, lines=lines, run_kind=run_kind)
