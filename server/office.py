"""What a request is answered from: the course's desk, its ledger, and what is arriving."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from desk.local import LocalDesk
from grader.current import CurrentCourse
from leaderboard.store import Store
from server.arrivals import Arrivals
from server.kept import Kept
from server.pulse import Pulse


@dataclass(frozen=True)
class Office:
    current: CurrentCourse
    store: Store
    desk: LocalDesk
    arrivals: Arrivals
    pulse: Pulse
    kept: Kept


def open_office(current: CurrentCourse, store: Store) -> Office:
    desk = LocalDesk(current, store)
    return Office(current, store, desk, Arrivals(current().folder / "arriving"), Pulse(store), Kept())


def _office(request: Request) -> Office:
    return cast(Office, request.app.state.office)


TheOffice = Annotated[Office, Depends(_office)]
