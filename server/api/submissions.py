"""Submissions: what is known of them, and what their team decides."""

from fastapi import APIRouter
from fastapi.responses import Response

from desk.desk import Shown
from desk.wire import NewWriteUp, Selection, Withdrawal, Withdrawn
from grader.errors import NotFound
from leaderboard.records import Team
from server.office import TheOffice
from server.viewer import Ref, Viewer, acting, their_own, visible

router = APIRouter(tags=["submissions"])


@router.get("/submissions/{ref}")
def submission(ref: Ref, viewer: Viewer, office: TheOffice) -> Shown:
    """State, place in the queue, phase, scores, reason, log, what it used."""
    visible(office, viewer, ref)
    return office.desk.submission(ref)


@router.get("/submissions/{ref}/pictures")
def pictures(ref: Ref, viewer: Viewer, office: TheOffice) -> list[str]:
    """Their names."""
    visible(office, viewer, ref)
    return list(office.desk.pictures(ref))


@router.get(
    "/submissions/{ref}/pictures/{name}",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def picture(ref: Ref, name: str, viewer: Viewer, office: TheOffice) -> Response:
    visible(office, viewer, ref)
    found = office.desk.pictures(ref)
    if name not in found:
        raise NotFound(f"#{ref} has no picture {name[:100]!r}", expected=", ".join(found) or "no pictures")
    return Response(found[name], media_type="image/png")


@router.post("/submissions/{ref}/withdraw")
def withdraw(ref: Ref, said: Withdrawal, viewer: Viewer, office: TheOffice) -> Withdrawn:
    their_own(office, viewer, ref)
    with acting(office, viewer) as desk:
        return Withdrawn(desk.withdraw(ref, undo=said.undo))


@router.put("/submissions/{ref}/write-up", status_code=204)
def write_up(ref: Ref, said: NewWriteUp, viewer: Viewer, office: TheOffice) -> None:
    """How its team got there, as Markdown; an empty text takes it back."""
    their_own(office, viewer, ref)
    with acting(office, viewer) as desk:
        desk.write_up(ref, said.text)


@router.put("/selection", status_code=204)
def select(said: Selection, viewer: Viewer, office: TheOffice) -> None:
    """A team's final submissions to one board: these, and no others."""
    for ref in said.refs:
        their_own(office, viewer, ref)
    with acting(office, viewer) as desk:
        desk.select(said.refs)


@router.get("/teams", tags=["people"])
def teams(viewer: Viewer, office: TheOffice) -> list[Team]:
    return list(office.desk.teams())
