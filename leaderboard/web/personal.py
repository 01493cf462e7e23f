"""Pages of a person who is logged in, and the door: only a server has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from grader.errors import HeldoutError
from grader.outline import BOARDED, RunKind
from grader.report import Resources, Training
from leaderboard import disclosure
from leaderboard.grades.records import Shown
from leaderboard.marks import Graded
from leaderboard.membership import Grant
from leaderboard.records import Quota, Showing, State, Submission
from leaderboard.web import notebook
from leaderboard.web.curve import curve, has_curve
from leaderboard.web.drawing import described
from leaderboard.web.environment import render
from leaderboard.web.frame import Frame, Menu
from leaderboard.web.pictures import is_picture, picture_path, picture_size
from leaderboard.web.prose import write_up

TONES = {
    State.QUEUED: "waiting",
    State.RUNNING: "running",
    State.SCORED: "good",
    State.FAILED: "bad",
    State.GRADER_ERROR: "odd",
    State.CANCELLED: "quiet",
}


NONE: Mapping[int, Sequence[Graded]] = {}


@dataclass(frozen=True)
class Points:
    """Of a notebook. waiting: points that somebody has yet to give."""

    points: float
    possible: float
    waiting: float

    @classmethod
    def of(cls, cells: Sequence[Graded]) -> Self:
        return cls(
            sum(each.points for each in cells),
            sum(each.result.possible for each in cells),
            sum(each.result.possible for each in cells if each.waits),
        )


@dataclass(frozen=True)
class Exhibited:
    """A picture of a submission, and the file of the site that holds it."""

    name: str
    file: str
    size: tuple[int, int]
    caption: str


def tone(one: Submission) -> str:
    """The colour of its state; words say the same."""
    return "quiet" if one.withdrawn or one.same_as or one.withheld else TONES[one.state]


def mine_page(
    frame: Frame,
    menu: Menu,
    submissions: Sequence[Submission],
    *,
    quotas: Mapping[RunKind, Quota],
    revealed: Mapping[RunKind, bool],
    cells: Mapping[int, Sequence[Graded]] = NONE,
) -> str:
    """A team's submissions to each board, newest first, with scored ones to be ticked as final.

    cells: of its notebooks, by number, as their authors may see them.
    """
    return render(
        "mine.html",
        frame=frame,
        menu=menu,
        submissions=submissions,
        quotas=quotas,
        revealed=revealed,
        selectable=[one.ref for one in submissions if _selectable(one)],
        points={ref: Points.of(found) for ref, found in cells.items() if found},
        status=disclosure.status,
        tone=tone,
    )


def _selectable(one: Submission) -> bool:
    return one.run_kind in BOARDED and one.state is State.SCORED and not one.withdrawn


def submission_page(
    frame: Frame,
    menu: Menu,
    submission: Submission,
    *,
    revealed: bool = False,
    showing: Showing | None = None,
    own: bool = True,
    executed: bytes = b"",
) -> str:
    """One submission. showing: what it made of public examples. own: the reader may withdraw and write.

    executed: of a notebook how it ran; what of it isn't for this reader is left out here.
    """
    judging = submission.judging
    shown = showing if showing and not submission.withheld else Showing()
    return render(
        "submission.html",
        frame=frame,
        menu=menu,
        one=submission,
        judging=judging,
        revealed=revealed,
        own=own,
        status=disclosure.status(submission),
        tone=tone(submission),
        remarks=disclosure.remarks(submission, undo="below"),
        used=_used(judging.resources) if judging else [],
        trainings=_trainings(submission, menu),
        curve=_told([judging.training, *judging.further]) if judging and judging.training else "",
        pictures=_exhibited(submission.ref, shown, menu),
        texts=submission.texts,
        written=write_up(submission.write_up),
        points=Points.of(judging.cells) if judging and judging.cells else None,
        parts=notebook.parts(submission.ref, executed) if executed else [],
        graded={each.result.id: each for each in judging.cells} if judging else {},
        state=notebook.state_words,
    )


def _trainings(submission: Submission, menu: Menu) -> list[tuple[str, str]]:
    """What each used of the budget."""
    judging = submission.judging
    if judging is None or judging.training is None:
        return []
    every = disclosure.trainings(submission, menu.assignment)
    if not every:
        return [("trained", disclosure.trained(judging.training, menu.assignment))]
    return [(f"training {number} of {len(every)}", line) for number, line in enumerate(every, start=1)]


def _told(trainings: Sequence[Training]) -> str:
    """Their curves in words, where there is one to be drawn."""
    return described(curve(*trainings)) if any(map(has_curve, trainings)) else ""


def _used(used: Resources) -> list[tuple[str, str]]:
    """Rounded, as everywhere."""
    if not used.launcher:
        return []
    told = [("used", disclosure.used(used))] if used.wall_seconds else []
    told += [("limit met", f"{used.killed}, while {used.doing}")] if used.killed else []
    told += [("output", "what was printed on held-out items was dropped")] if used.dropped_bytes else []
    return [*told, ("sandbox", disclosure.sandbox(used))]


def _exhibited(ref: int, showing: Showing, menu: Menu) -> list[Exhibited]:
    captions = menu.assignment.captions
    return [
        Exhibited(name, picture_path(ref, name), picture_size(png), captions.get(name, ""))
        for name, png in showing.pictures.items()
        if is_picture(png)
    ]


def login_page(frame: Frame, token: str = "", error: HeldoutError | None = None) -> str:
    """One field for a one-time token. A link that brings one along only fills it in: a click spends it."""
    return render("login.html", frame=frame, token=token, error=error)


def account_page(frame: Frame, grant: Grant | None = None) -> str:
    """Who the reader is. grant: a one-time token that was just made for the command line, shown once."""
    return render("account.html", frame=frame, grant=grant)


def grades_page(frame: Frame, grades: Sequence[Shown]) -> str:
    """A student's own grades, each with how it came about."""
    return render("grades.html", frame=frame, grades=grades)
