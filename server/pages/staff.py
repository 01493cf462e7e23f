"""Pages of the staff: instructors decide on them, observers look on."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from grader.errors import Refused
from grader.outline import RunKind
from leaderboard.topics import EVENTS, QUEUE
from leaderboard.web import collect, staff, survey
from server.office import Office, TheOffice
from server.pages.events import changes_of
from server.pages.frames import InstructorReader, OurForm, StaffReader, frame, go
from server.pages.likeness import report

router = APIRouter(prefix="/staff")
Number = Annotated[int, Query(alias="page", gt=0, lt=1 << 31)]


@router.get("/")
def queue(request: Request, office: TheOffice, reader: StaffReader) -> HTMLResponse:
    tally = office.store.tally()
    shown = frame(request, office, reader, events="staff/events")
    return HTMLResponse(staff.queue_page(shown, survey.waiting(office.store), tally, _slugs(office)))


@router.post("/pause", dependencies=[OurForm])
def pause(
    request: Request,
    office: TheOffice,
    reader: InstructorReader,
    slug: Annotated[str, Form(max_length=100)] = "",
    reason: Annotated[str, Form(max_length=1_000)] = "",
    undo: Annotated[bool, Form()] = False,
) -> Response:
    """Of one assignment, or of none the whole queue."""
    found = office.desk.assignment(slug).slug if slug else ""
    with office.store.acting(reader.person.username):
        if undo:
            office.store.operations.resume(found)
        else:
            office.store.operations.pause(found, reason)
    return go("staff/", request)


@router.post("/drain", dependencies=[OurForm])
def drain(
    request: Request,
    office: TheOffice,
    reader: InstructorReader,
    grader: Annotated[str, Form(max_length=300)] = "",
    undo: Annotated[bool, Form()] = False,
) -> Response:
    with office.store.acting(reader.person.username):
        office.store.operations.drain(grader, undo=undo)
    return go("staff/", request)


@router.get("/events")
def events(office: TheOffice, reader: StaffReader) -> Response:
    return changes_of(office, QUEUE, reader)


@router.get("/submissions/")
def submissions(
    request: Request,
    office: TheOffice,
    reader: StaffReader,
    slug: Annotated[str, Query(max_length=100)] = "",
    number: Number = 1,
) -> HTMLResponse:
    wanted = [office.desk.assignment(slug).slug] if slug else _slugs(office)
    found, sheaf = survey.submissions(office.store, wanted, number)
    every = {one.slug: one for one in office.desk.every_assignment()}
    shown = frame(request, office, reader, events="staff/events")
    page = staff.submissions_page(shown, found, assignments=every, slug=slug, sheaf=sheaf)
    return HTMLResponse(page)


@router.get("/roster/")
def roster(request: Request, office: TheOffice, reader: StaffReader) -> HTMLResponse:
    return HTMLResponse(staff.roster_page(frame(request, office, reader), office.store.access.people()))


@router.get("/audit/")
def audit(request: Request, office: TheOffice, reader: StaffReader, number: Number = 1) -> HTMLResponse:
    found, sheaf = survey.events(office.store, number)
    shown = frame(request, office, reader, events="staff/audit/events")
    return HTMLResponse(staff.audit_page(shown, found, sheaf))


@router.get("/audit/events")
def audit_events(office: TheOffice, reader: StaffReader) -> Response:
    return changes_of(office, EVENTS, reader)


@router.get("/{slug}/regrades/")
def regrades(slug: str, request: Request, office: TheOffice, reader: StaffReader) -> HTMLResponse:
    found = office.desk.assignment(slug)
    menu = collect.menu(office.store, found, staff=True)
    opened, moves = survey.regrade(office.store, found)
    return HTMLResponse(staff.regrades_page(frame(request, office, reader), menu, opened, moves))


@router.post("/{slug}/regrades/apply", dependencies=[OurForm])
def apply(
    slug: str, request: Request, office: TheOffice, reader: InstructorReader, number: Annotated[int, Form()]
) -> Response:
    _check_set(office, slug, number)
    with office.store.acting(reader.person.username):
        office.store.regrades.apply(office.desk.assignment(slug))
    return go(f"staff/{slug}/regrades/", request)


@router.post("/{slug}/regrades/cancel", dependencies=[OurForm])
def cancel(
    slug: str, request: Request, office: TheOffice, reader: InstructorReader, number: Annotated[int, Form()]
) -> Response:
    _check_set(office, slug, number)
    with office.store.acting(reader.person.username):
        office.store.regrades.cancel(slug)
    return go(f"staff/{slug}/regrades/", request)


def _check_set(office: Office, slug: str, number: int) -> None:
    """Raise Refused where another set is open than the page has shown."""
    if office.store.regrades.current(slug).number != number:
        raise Refused("another set is open by now", next_step="look at the page again")


@router.post("/{slug}/reveal", dependencies=[OurForm])
def reveal(
    slug: str,
    request: Request,
    office: TheOffice,
    reader: InstructorReader,
    undo: Annotated[bool, Form()] = False,
) -> Response:
    with office.store.acting(reader.person.username):
        office.desk.reveal(slug, undo=undo)
    return go(f"assignments/{slug}/", request)


@router.get("/{slug}/integrity/")
def integrity(
    slug: str,
    request: Request,
    office: TheOffice,
    reader: StaffReader,
    run_kind: RunKind = RunKind.EVALUATE,
) -> HTMLResponse:
    """Compared anew each time: it takes seconds."""
    return HTMLResponse(report(office, frame(request, office, reader), slug, run_kind))


@router.get("/{slug}/grades/")
def grades(
    slug: str,
    request: Request,
    office: TheOffice,
    reader: StaffReader,
    run_kind: RunKind = RunKind.EVALUATE,
) -> HTMLResponse:
    found = office.desk.assignment(slug)
    menu = collect.menu(office.store, found, staff=True)
    lines = survey.grades(office.store, found, run_kind)
    return HTMLResponse(staff.grades_page(frame(request, office, reader), menu, lines, run_kind))


def _slugs(office: Office) -> list[str]:
    return list(office.current().config.assignments)
