"""Notebooks, read and marked by staff, question by question: instructors give points, observers look on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import Field

from desk.questions import questions, source_sha256
from grader.errors import HeldoutError, NotFound, Refused, Unavailable
from grader.outline import RunKind
from grader.spec import Assignment
from leaderboard.marks import Item, worth
from leaderboard.views import no_submission
from leaderboard.web import answers, collect, marking
from leaderboard.web.marking import Typed
from server.office import Office, TheOffice
from server.pages.frames import InstructorReader, OurForm, Reader, StaffReader, frame, go

router = APIRouter(prefix="/assignments/{slug}/notebooks")
Cell = Annotated[str, Path(max_length=100)]
Names = Literal["yes", "no"]
Number = Annotated[int, Field(gt=0, lt=1 << 63)]


@dataclass(frozen=True)
class Written:
    """A mark as it was typed, whatever that is: what can't be taken comes back to be mended."""

    points: str
    comment: str
    met: tuple[str, ...]  # items of the rubric
    undo: bool


def _written(
    points: Annotated[str, Form()] = "",
    comment: Annotated[str, Form()] = "",
    met: Annotated[Sequence[str], Form()] = (),
    undo: Annotated[bool, Form()] = False,
) -> Written:
    return Written(points, comment.replace("\r\n", "\n"), tuple(met), undo)


@dataclass(frozen=True)
class Sent:
    """What was typed, and the form in which. seen: the latest mark that it was drawn with."""

    ref: int
    written: Written
    names: bool
    seen: int | None


def _sent(
    ref: Annotated[Number, Form()],
    written: Annotated[Written, Depends(_written)],
    names: Annotated[Names, Form()] = "yes",
    seen: Annotated[int | None, Form(ge=0, lt=1 << 63)] = None,
) -> Sent:
    return Sent(ref, written, names == "yes", seen)


@dataclass(frozen=True)
class Spot:
    """A page of the answers to a question."""

    slug: str
    cell: str
    names: bool = True
    number: int = 1


def _spot(
    slug: str,
    cell: Cell,
    names: Names = "yes",
    number: Annotated[int, Query(alias="page", gt=0, lt=1 << 31)] = 1,
) -> Spot:
    return Spot(slug, cell, names == "yes", number)


@router.get("/")
def notebooks(slug: str, request: Request, office: TheOffice, reader: StaffReader) -> HTMLResponse:
    found = _assignment(office, slug)
    points = office.store.notebooks.points(slug)
    page = marking.notebooks_page(
        frame(request, office, reader),
        collect.menu(office.store, found, staff=True),
        points,
        answers.tallies(points, questions(found)),
        released=office.store.notebooks.is_released(found),
        source_sha256=source_sha256(found),
    )
    return HTMLResponse(page)


@router.post("/release", dependencies=[OurForm])
def release(
    slug: str,
    request: Request,
    office: TheOffice,
    reader: InstructorReader,
    undo: Annotated[bool, Form()] = False,
) -> Response:
    found = _assignment(office, slug)
    with office.store.acting(reader.person.username):
        office.store.notebooks.release(found, undo=undo)
    return go(f"assignments/{slug}/notebooks/", request)


@router.get("/{cell}/")
def question(
    request: Request, office: TheOffice, reader: StaffReader, spot: Annotated[Spot, Depends(_spot)]
) -> HTMLResponse:
    return HTMLResponse(_page(request, office, reader, spot))


@router.post("/{cell}/mark", dependencies=[OurForm])
def mark(
    slug: str,
    cell: Cell,
    request: Request,
    office: TheOffice,
    reader: InstructorReader,
    sent: Annotated[Sent, Depends(_sent)],
) -> Response:
    """Then on to the next answer that nobody has read."""
    _check_notebook(office, slug, sent.ref)
    try:
        with office.store.acting(reader.person.username):
            _give(office, slug, cell, sent)
    except (NotFound, Unavailable):
        raise
    except HeldoutError as error:
        number = answers.page_of(office.store, slug, cell, sent.ref, names=sent.names)
        typed = Typed(sent.ref, sent.written.points, sent.written.comment, error, sent.written.met)
        spot = Spot(slug, cell, sent.names, number)
        status = 409 if isinstance(error, Refused) else 400
        return HTMLResponse(_page(request, office, reader, spot, typed), status)
    return go(_onward(office, slug, cell, sent), request)


def _page(request: Request, office: Office, reader: Reader, spot: Spot, typed: Typed | None = None) -> str:
    found = _assignment(office, spot.slug)
    shown = answers.reading(
        office.store, spot.slug, questions(found), spot.cell, names=spot.names, number=spot.number
    )
    menu = collect.menu(office.store, found, staff=True)
    return marking.marking_page(frame(request, office, reader), menu, shown, typed)


def _give(office: Office, slug: str, cell: str, sent: Sent) -> None:
    give, typed = partial(office.store.notebooks.mark, sent.ref, cell, seen=sent.seen), sent.written
    if typed.undo:
        give(None)
        return
    items = _ticked(_rubric(office, slug, cell), typed.met)
    points = worth(items) if typed.met and not typed.points.strip() else _number(typed.points)
    used = bool(typed.met) or not points  # who gives points without a tick reads by no rubric
    give(points, typed.comment, items=items if used else ())


def _rubric(office: Office, slug: str, cell: str) -> Sequence[Item]:
    asked = questions(_assignment(office, slug))
    return next((one.rubric for one in asked if one.id == cell), ())


def _ticked(rubric: Sequence[Item], met: Sequence[str]) -> list[Item]:
    """Raises HeldoutError for an item that there isn't, or no more."""
    known = {str(item) for item in rubric}
    if strange := next((one for one in met if one not in known), ""):
        raise HeldoutError(
            f"the rubric has no item {strange[:80]!r}",
            expected="items of the assignment's notebook as it is now",
            next_step="tick those that are met, and send it again",
        )
    return [replace(item, met=str(item) in met) for item in rubric]


def _number(typed: str) -> float:
    """With a comma, too. Raises HeldoutError."""
    try:
        return float(typed.strip().replace(",", "."))
    except ValueError:
        what = f"{typed[:20]!r} is no number" if typed.strip() else "no points were given"
        raise HeldoutError(what, expected="points, 2.5 say") from None


def _onward(office: Office, slug: str, cell: str, sent: Sent) -> str:
    """To what is to be read next; where all is read, to the page's top, which says so."""
    home, hidden = f"assignments/{slug}/notebooks/{cell}/", "" if sent.names else "names=no&"
    following = answers.next_unread(office.store, slug, cell, sent.ref, names=sent.names)
    shown = sent.ref if sent.written.undo or following is None else following
    number = answers.page_of(office.store, slug, cell, shown, names=sent.names)
    place = "done" if following is None and not sent.written.undo else f"answer-{shown}"
    return f"{home}?{hidden}page={number}#{place}"


def _assignment(office: Office, slug: str) -> Assignment:
    """Raises NotFound for one without a notebook."""
    found = office.desk.assignment(slug)
    if not collect.has_notebook(found):
        raise NotFound(f"{slug} has no notebook", expected="notebook.ipynb in the assignment's folder")
    return found


def _check_notebook(office: Office, slug: str, ref: int) -> None:
    """Raise NotFound unless it is one of that assignment."""
    found = office.store.submission(ref)
    if (found.assignment, found.run_kind) != (slug, RunKind.NOTEBOOK):
        raise no_submission(ref)
