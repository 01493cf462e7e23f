"""Handing in: announced, sent in as many pieces as it takes, received."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from desk.wire import OFFSET, NewUpload, Upload
from grader.archive import refuse_size
from grader.errors import Forbidden, HeldoutError, Unavailable
from grader.outline import RunKind
from leaderboard.boards import Board
from leaderboard.membership import Person, Role
from leaderboard.receive import check_kind
from server.arrivals import Arrival
from server.office import Office, TheOffice
from server.viewer import Viewer, team_of

SILENCE = 30.0  # seconds without a byte after which a sender is gone
router = APIRouter(tags=["submissions"])


@router.post("/uploads", status_code=201)
def announce(new: NewUpload, viewer: Viewer, office: TheOffice) -> Upload:
    """Say what is going to be sent. Refused here, it needn't be sent at all; announced again, it goes on."""
    team = _sender(viewer, new.team)
    assignment = office.desk.assignment(new.slug)
    check_kind(assignment, new.run_kind)
    code_only = new.run_kind is RunKind.TRAIN
    limit = assignment.archive_limit(new.run_kind)
    refuse_size(new.size, limit, where=new.file_name, code_only=code_only)
    office.store.admit(team, Board(assignment, new.run_kind), office.store.now())
    return office.arrivals.told(office.arrivals.begin(team, new))


@router.get("/uploads/{number}")
def look(number: str, viewer: Viewer, office: TheOffice, team: str | None = None) -> Upload:
    """How much of it has arrived; its receipt, once it has one."""
    return office.arrivals.told(office.arrivals.find(number, _sender(viewer, team)))


@router.patch(
    "/uploads/{number}",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def send(
    number: str,
    request: Request,
    viewer: Viewer,
    office: TheOffice,
    offset: Annotated[int, Header(alias=OFFSET, ge=0)],
    team: str | None = None,
) -> Upload:
    """The next bytes, from the header's offset on. With the last of them comes the receipt.

    What arrives before a connection breaks is kept.
    """
    arrived = office.store.now()  # writing to a slow disk must make nobody late
    whose = _sender(viewer, team)
    with office.arrivals.alone(number):
        arrival = await run_in_threadpool(office.arrivals.find, number, whose)
        if arrival.receipt is not None:  # the answer to the last piece was lost
            return office.arrivals.told(arrival)
        there = await office.arrivals.append(arrival, offset, _pieces(request))
        if there < arrival.new.size:
            return office.arrivals.told(arrival)
        return await run_in_threadpool(_receive, office, arrival, arrived)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    pieces = request.stream()
    while True:
        try:
            async with asyncio.timeout(SILENCE):
                piece = await anext(pieces)
        except (StopAsyncIteration, ClientDisconnect):
            return
        except TimeoutError:
            raise HeldoutError(
                f"nothing came for {SILENCE:g} s", next_step="submit again: it goes on where it broke"
            ) from None
        yield piece


def _receive(office: Office, arrival: Arrival, arrived: datetime) -> Upload:
    new = arrival.new
    try:
        receipt = office.desk.submit(
            office.arrivals.arrived(arrival),
            new.slug,
            new.run_kind,
            description=new.description,
            team=arrival.team,
            arrived=arrived,
        )
    except Unavailable:
        raise  # it passes: what is here can be received then
    except HeldoutError:
        office.arrivals.drop(arrival)
        raise
    return office.arrivals.told(office.arrivals.settle(arrival, receipt))


def _sender(person: Person, asked: str | None) -> str:
    if person.role is Role.OBSERVER:
        raise Forbidden("observers look on", expected="a student, or an instructor for a team")
    return team_of(person, asked)
