"""Assignments and their boards."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse, Response

from desk import wire
from desk.desk import Which
from grader.errors import NotFound
from grader.outline import Outline, RunKind
from leaderboard.boards import Board
from leaderboard.records import Quota
from server.kits import kit_of
from server.office import TheOffice
from server.viewer import Viewer, check_private, check_staff, own_or_none, team_of

router = APIRouter(tags=["assignments"])
SVG = "image/svg+xml"
Team = Annotated[str | None, Query(max_length=100, description="For staff: whose.")]


def _which(
    slug: str,
    run_kind: RunKind = RunKind.EVALUATE,
    private: bool = False,
    at: wire.Instant | None = None,
    live: bool = False,
) -> Which:
    return Which(slug, run_kind, private=private, at=at, live=live)


TheBoard = Annotated[Which, Depends(_which)]


@router.get("/assignments")
def listed(viewer: Viewer, office: TheOffice, team: Team = None) -> list[wire.Card]:
    """What there is to do, with the team's rows of both boards."""
    return wire.cards(list(office.desk.listed(own_or_none(viewer, team))))


@router.get("/assignments/{slug}")
def outline(slug: str, viewer: Viewer, office: TheOffice) -> Outline:
    return office.desk.outline(slug)


@router.get(
    "/assignments/{slug}/kit",
    response_class=FileResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
def kit(slug: str, viewer: Viewer, office: TheOffice) -> FileResponse:
    """What one starts from: statement, starter code and public data."""
    path, sha256 = kit_of(office.desk, slug)
    return FileResponse(path, media_type="application/zip", headers={"ETag": f'"{sha256}"'})


@router.get("/assignments/{slug}/limits")
def limits(
    slug: str, viewer: Viewer, office: TheOffice, run_kind: RunKind = RunKind.EVALUATE, team: Team = None
) -> Quota:
    return office.desk.limits(slug, run_kind, team_of(viewer, team))


@router.get("/assignments/{slug}/submissions")
def submissions(slug: str, viewer: Viewer, office: TheOffice, team: Team = None) -> wire.Submissions:
    """A team's own, newest first, without logs."""
    told, found = office.desk.submissions(slug, team_of(viewer, team))
    return wire.Submissions(told, list(found))


@router.get("/assignments/{slug}/board")
def board(viewer: Viewer, office: TheOffice, which: TheBoard, members: bool = False) -> wire.Board:
    """A board; `live`, which shows what a freeze hides, is for staff."""
    _check_board(viewer, office, which)
    return wire.board(office.desk.standings(which, members=members))


@router.get(
    "/assignments/{slug}/charts/{name}",
    response_class=Response,
    responses={200: {"content": {SVG: {}}}},
)
def chart(name: str, viewer: Viewer, office: TheOffice, which: TheBoard) -> Response:
    """history.svg or distribution.svg."""
    _check_board(viewer, office, which)
    charts = office.desk.charts(which)
    if name not in charts:
        raise NotFound(f"there is no chart {name[:100]!r}", expected=" or ".join(charts))
    return Response(charts[name], media_type=SVG)


def _check_board(viewer: Viewer, office: TheOffice, which: Which) -> None:
    if which.live:
        check_staff(viewer)
    if which.private:
        found = Board(office.desk.assignment(which.slug), which.run_kind)
        check_private(office, viewer, revealed=office.store.is_revealed(found))
