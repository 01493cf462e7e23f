"""Who one is, and the tokens that prove it."""

from fastapi import APIRouter

from desk.wire import LoggedIn, LogIn, Me
from leaderboard.membership import Grant
from server.office import TheOffice
from server.viewer import TheSecret, Viewer

router = APIRouter(tags=["account"])


@router.post("/login")
def log_in(said: LogIn, office: TheOffice) -> LoggedIn:
    """A one-time token, from an instructor or a page, for one that lasts."""
    person, grant = office.store.access.log_in(said.token, kind="client")
    return LoggedIn(person, grant.token, grant.expires_at)


@router.get("/me")
def me(viewer: Viewer, office: TheOffice) -> Me:
    return Me(viewer, office.store.now())


@router.post("/token/rotate")
def rotate(secret: TheSecret, viewer: Viewer, office: TheOffice) -> Grant:
    """A fresh token; the old one is good for ten more minutes once that is used."""
    return office.store.access.rotate(secret)


@router.delete("/token", status_code=204)
def log_out(secret: TheSecret, viewer: Viewer, office: TheOffice) -> None:
    office.store.access.log_out(secret)


@router.post("/link")
def link(viewer: Viewer, office: TheOffice) -> Grant:
    """A one-time token for the same person elsewhere: in a browser, say."""
    return office.store.access.link(viewer)
