"""Pages of a person who is logged in, and the door: only a server has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.errors import HeldoutError
from grader.outline import RunKind
from grader.report import Resources, Training
from leaderboard import disclosure
from leaderboard.membership import Grant
from leaderboard.records import Quota, Showing, State, Submission
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
) -> str:
    """A team's submissions to each board, newest first, with scored ones to be ticked as final."""
    return render(
        "mine.html",
        frame=frame,
        menu=menu,
        submissions=submissions,
        quotas=quotas,
        revealed=revealed,
        selectable=[one.ref for one in submissions if one.state is State.SCORED and not one.withdrawn],
        status=disclosure.status,
        tone=tone,
    )


def submission_page(
    frame: Frame,
    menu: Menu,
    submission: Submission,
    *,
    revealed: bool = False,
    showing: Showing | None = None,
    own: bool = True,
) -> str:
    """One submission. showing: what it made of public examples. own: the reader may withdraw and write."""
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
        training=disclosure.trained(judging.training, menu.assignment)
        if judging and judging.training
        else "",
        curve=_told(judging.training) if judging else "",
        pictures=_exhibited(submission.ref, shown, menu),
        texts=submission.texts,
        written=write_up(submission.write_up),
    )


def _told(training: Training | None) -> str:
    """Its curve in words, where there is one to be drawn."""
    return described(curve(training)) if training and has_curve(training) else ""


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
