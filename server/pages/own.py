"""A team's own: its submissions, and what it decides about them."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import Field

from desk.told import told
from grader.errors import HeldoutError, NotFound
from leaderboard.boards import Board
from leaderboard.membership import Role
from leaderboard.records import Showing, Submission
from leaderboard.topics import of_submission, of_team
from leaderboard.web import collect, notebook, personal
from leaderboard.web.curve import curve, has_curve
from server.office import Office, TheOffice
from server.pages.events import changes_of
from server.pages.frames import OurForm, Reader, TheReader, frame, go
from server.pages.public import A_WHILE, drawing
from server.viewer import Ref, team_of, their_own, visible

router = APIRouter()


@router.get("/assignments/{slug}/mine/")
def mine(slug: str, request: Request, office: TheOffice, reader: TheReader) -> HTMLResponse:
    team = _own_team(reader)
    found = office.desk.assignment(slug)
    listed = collect.mine(office.store, found, team)
    submissions = [told(one, revealed=listed.revealed[one.run_kind]) for one in listed.submissions]
    shown = frame(request, office, reader, events=f"assignments/{slug}/mine/events")
    menu = collect.menu(office.store, found)
    page = personal.mine_page(
        shown, menu, submissions, quotas=listed.quotas, revealed=listed.revealed, cells=listed.cells
    )
    return HTMLResponse(page)


@router.get("/grades/")
def grades(request: Request, office: TheOffice, reader: TheReader) -> HTMLResponse:
    """What a student may know of them: see `Grades.of_student`."""
    _own_team(reader)
    shown = frame(request, office, reader)
    return HTMLResponse(personal.grades_page(shown, office.store.grades.of_student(reader.person.username)))


@router.get("/assignments/{slug}/mine/events")
def mine_events(slug: str, office: TheOffice, reader: TheReader) -> Response:
    return changes_of(office, of_team(_own_team(reader)), reader)


@router.post("/assignments/{slug}/mine/select", dependencies=[OurForm])
def select(
    slug: str,
    request: Request,
    office: TheOffice,
    reader: TheReader,
    refs: Annotated[list[Annotated[int, Field(gt=0, lt=1 << 63)]] | None, Form()] = None,
) -> Response:
    """What is ticked, of each board by itself; none of a board: then its best counts."""
    team = _own_team(reader)
    chosen = [their_own(office, reader.person, ref) for ref in (refs or [])[:100]]
    if any(one.assignment != slug for one in chosen):
        raise HeldoutError("these are not all of one assignment", where=slug)
    with office.store.acting(reader.person.username):
        office.desk.settle_selection(slug, team, [one.ref for one in chosen])
    return go(f"assignments/{slug}/mine/", request)


@router.get("/submissions/{ref}/")
def submission(ref: Ref, request: Request, office: TheOffice, reader: TheReader) -> HTMLResponse:
    found = visible(office, reader.person, ref)
    assignment = office.desk.assignment(found.assignment)
    staff = reader.person.role.staff
    revealed = staff or office.store.is_revealed(Board(assignment, found.run_kind))
    one = found if staff else told(found, revealed=revealed)
    live = "" if found.state.final else f"submissions/{ref}/events"
    page = personal.submission_page(
        frame(request, office, reader, events=live),
        collect.menu(office.store, assignment, staff=staff),
        one,
        revealed=revealed,
        showing=_showing(office, found, staff=staff),
        own=_acts_on(reader, found),
        executed=office.store.notebooks.executed(ref) if one.judging and one.judging.cells else b"",
    )
    return HTMLResponse(page)


@router.get("/submissions/{ref}/outputs/{place}")
def output(ref: Ref, place: str, office: TheOffice, reader: TheReader) -> Response:
    """A picture that a notebook's cell showed: of what ran after a hidden test, for staff alone."""
    visible(office, reader.person, ref)
    png = notebook.output(office.store.notebooks.executed(ref), place)
    return Response(png, media_type="image/png", headers={"Cache-Control": A_WHILE})


@router.get("/submissions/{ref}/events")
def events(ref: Ref, office: TheOffice, reader: TheReader) -> Response:
    visible(office, reader.person, ref)
    return changes_of(office, of_submission(ref), reader)


@router.get("/submissions/{ref}/curve.svg")
def training_curve(ref: Ref, office: TheOffice, reader: TheReader) -> Response:
    judging = visible(office, reader.person, ref).judging
    every = [judging.training, *judging.further] if judging and judging.training else []
    if not any(map(has_curve, every)):
        raise NotFound(f"#{ref} has no training curve", expected="a train run")
    return drawing(curve(*every))


@router.post("/submissions/{ref}/withdraw", dependencies=[OurForm])
def withdraw(
    ref: Ref, request: Request, office: TheOffice, reader: TheReader, undo: Annotated[bool, Form()] = False
) -> Response:
    their_own(office, reader.person, ref)
    with office.store.acting(reader.person.username):
        office.desk.withdraw(ref, undo=undo)
    return go(f"submissions/{ref}/", request)


@router.post("/submissions/{ref}/writeup", dependencies=[OurForm])
def write_up(
    ref: Ref,
    request: Request,
    office: TheOffice,
    reader: TheReader,
    text: Annotated[str, Form(max_length=25_000)] = "",
) -> Response:
    their_own(office, reader.person, ref)
    with office.store.acting(reader.person.username):
        office.desk.write_up(ref, text.replace("\r\n", "\n"))
    return go(f"submissions/{ref}/", request)


def _own_team(reader: Reader) -> str:
    if reader.person.team is None:
        raise NotFound("staff hand nothing in", next_step="see the page of all submissions")
    return team_of(reader.person)


def _acts_on(reader: Reader, found: Submission) -> bool:
    return reader.person.role is not Role.OBSERVER and (
        reader.person.role.staff or found.team == reader.person.team
    )


def _showing(office: Office, found: Submission, *, staff: bool) -> Showing | None:
    """What stands of an entry that is withheld is the earlier one's, for its team."""
    if found.withheld and not staff:
        return None
    return office.store.showings([found.ref]).get(found.ref)
