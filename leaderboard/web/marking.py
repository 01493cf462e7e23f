"""Pages on which staff read notebooks, question by question, and give points."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from grader.errors import HeldoutError, Refused
from leaderboard.marks import Given, Graded, Item, NotebookPoints
from leaderboard.web.environment import render
from leaderboard.web.frame import Frame, Menu
from leaderboard.web.notebook import Part, state_words
from leaderboard.web.prose import write_up
from leaderboard.web.staff import Sheaf

STEP = 0.5  # points


@dataclass(frozen=True)
class Question:
    """A graded cell of the assignment's notebook. by_hand: somebody reads it; else it has tests.

    asked: what stands before it; model: the teacher's own answer with what is said of points, or the test
    with its hidden part. Where the notebook has no such cell any more, both are empty. tested: the cell that
    a test is about, and that is looked at in its place. rubric: what its answers are read for.
    """

    id: str
    is_code: bool
    by_hand: bool
    possible: float
    asked: str = ""
    model: str = ""
    tested: str = ""
    rubric: Sequence[Item] = ()


@dataclass(frozen=True)
class Tally:
    """A question, and how the class did."""

    question: Question
    answers: int = 0
    waiting: int = 0  # for somebody to read them
    mean: float | None = None  # points, of those that wait for nobody


@dataclass(frozen=True)
class Answer:
    """What a team wrote in a cell, and got. part: None where the cell is missing."""

    ref: int
    team: str
    graded: Graded
    part: Part | None = None
    history: Sequence[Given] = ()

    @property
    def seen(self) -> int:
        """The number of the latest mark that whoever reads this page knows of."""
        return self.history[-1].id if self.history else 0


@dataclass(frozen=True)
class Typed:
    """What was sent and can't be taken, to be mended where it was typed. met: items, as they are written."""

    ref: int
    points: str
    comment: str
    error: HeldoutError
    met: Collection[str] = ()

    @property
    def overtaken(self) -> bool:
        """Nothing is wrong with it; somebody else has given points meanwhile."""
        return isinstance(self.error, Refused)


@dataclass(frozen=True)
class Entry:
    """What a form begins with: what was typed, else what was given.

    points: empty where the items that are met say it, by the rubric that there is now; worth: what was given
    then.
    """

    points: str
    comment: str
    items: Sequence[Item]
    worth: str = ""
    step: float | str = STEP


def entry(question: Question, one: Answer, typed: Typed | None) -> Entry:
    if typed is not None:
        return Entry(typed.points, typed.comment, _ticked(question, typed.met))
    mark = one.graded.mark
    if mark is None:
        return Entry("", "", question.rubric)
    items = _ticked(question, {str(item) for item in mark.items if item.met})
    if items and items == list(mark.items) and not mark.adjusted:
        return Entry("", mark.comment, items, f"{mark.points:g}")
    return Entry(f"{mark.points:g}", mark.comment, items, step="any" if mark.points % STEP else STEP)


def _ticked(question: Question, met: Collection[str]) -> list[Item]:
    return [replace(item, met=str(item) in met) for item in question.rubric]


@dataclass(frozen=True)
class Reading:
    """A question with a page of its answers; `first`: the number of its first one.

    waiting: of all answers. following: another question that is yet to be read.
    """

    question: Question
    answers: Sequence[Answer]
    waiting: int = 0
    sheaf: Sheaf = field(default_factory=Sheaf)
    following: Question | None = None
    names: bool = True
    first: int = 1


def notebooks_page(
    frame: Frame,
    menu: Menu,
    points: Sequence[NotebookPoints],
    tallies: Sequence[Tally],
    *,
    released: bool = False,
    source_sha256: str = "",
) -> str:
    """What each team has, what is yet to be read, and whether the class sees it."""
    return render(
        "staff/notebooks.html",
        frame=frame,
        menu=menu,
        points=points,
        tallies=tallies,
        released=released,
        source_sha256=source_sha256,
        pending=sum(one.pending for one in points),
    )


def marking_page(frame: Frame, menu: Menu, reading: Reading, typed: Typed | None = None) -> str:
    """Answers one after the other, each with its form. typed: what one of the forms could not take."""
    return render(
        "staff/marking.html",
        frame=frame,
        menu=menu,
        reading=reading,
        question=reading.question,
        asked=write_up(reading.question.asked),
        model=None if reading.question.is_code else write_up(reading.question.model),
        typed=typed,
        entry=entry,
        state=state_words,
    )
