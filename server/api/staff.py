"""What instructors decide. All of it is in the audit log, with their name, and can be undone."""

from typing import Annotated

from fastapi import APIRouter, Body

from desk.wire import Before, Merge, NewDisqualification, NewExtension, Part, Reveal
from leaderboard.records import Event
from server.office import TheOffice
from server.viewer import Instructor, StaffViewer, acting

router = APIRouter(tags=["staff"])


@router.put("/assignments/{slug}/extensions/{username}")
def extend(slug: str, username: str, said: NewExtension, viewer: Instructor, office: TheOffice) -> Before:
    with acting(office, viewer) as desk:
        return Before(desk.extend(slug, username, said.until))


@router.put("/assignments/{slug}/disqualifications/{team:path}", status_code=204)
def disqualify(
    slug: str, team: str, said: NewDisqualification, viewer: Instructor, office: TheOffice
) -> None:
    with acting(office, viewer) as desk:
        desk.disqualify(slug, team, said.reason)


@router.delete("/assignments/{slug}/disqualifications/{team:path}", status_code=204)
def reinstate(slug: str, team: str, viewer: Instructor, office: TheOffice) -> None:
    with acting(office, viewer) as desk:
        desk.reinstate(slug, team)


@router.put("/assignments/{slug}/reveal", status_code=204)
def reveal(slug: str, said: Annotated[Reveal, Body()], viewer: Instructor, office: TheOffice) -> None:
    with acting(office, viewer) as desk:
        desk.reveal(slug, undo=not said.revealed)


@router.post("/teams/merge", status_code=204)
def merge(said: Merge, viewer: Instructor, office: TheOffice) -> None:
    with acting(office, viewer) as desk:
        desk.merge(said.into, said.other)


@router.post("/teams/part", status_code=204)
def part(said: Part, viewer: Instructor, office: TheOffice) -> None:
    with acting(office, viewer) as desk:
        desk.part(said.other)


@router.get("/events")
def events(viewer: StaffViewer, office: TheOffice) -> list[Event]:
    """The audit log, oldest first."""
    return list(office.desk.events())
