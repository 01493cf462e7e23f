"""Logging in and out, and the account."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from grader.errors import Denied
from leaderboard.web import personal
from server.office import TheOffice
from server.pages.frames import (
    COOKIE,
    OurForm,
    TheReader,
    check_same_site,
    frame,
    go,
    safe_path,
)

router = APIRouter()
Secret = Annotated[str, Form(max_length=200)]


@router.get("/login/")
def login(
    request: Request,
    office: TheOffice,
    token: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """A link's token only fills in the form: programs that look at links must not use it up."""
    return HTMLResponse(personal.login_page(frame(request, office), token))


@router.post("/login/")
def log_in(
    request: Request,
    office: TheOffice,
    token: Secret,
    wanted: Annotated[str, Query(alias="next", max_length=200)] = "",
) -> Response:
    check_same_site(request)
    try:
        _, grant = office.store.access.log_in(token.strip(), kind="session")
    except Denied as error:
        return HTMLResponse(personal.login_page(frame(request, office), error=error), 401)
    answer = go(safe_path(wanted), request)
    answer.set_cookie(
        COOKIE,
        grant.token,
        max_age=int((grant.expires_at - office.store.now()).total_seconds()),  # whatever their clock says
        **_kept(request),
    )
    return answer


@router.post("/logout", dependencies=[OurForm])
def log_out(request: Request, office: TheOffice, reader: TheReader) -> Response:
    office.store.access.log_out(reader.secret)
    answer = go("login/", request)
    answer.delete_cookie(COOKIE, **_kept(request))
    return answer


def _kept(request: Request) -> dict[str, Any]:
    """Where a browser sends the cookie along, and who never sees it."""
    return {
        "path": request.scope.get("root_path", "") or "/",
        "secure": request.url.scheme == "https",
        "httponly": True,
        "samesite": "lax",
    }


@router.get("/account/")
def account(request: Request, office: TheOffice, reader: TheReader) -> HTMLResponse:
    return HTMLResponse(personal.account_page(frame(request, office, reader)))


@router.post("/account/link", dependencies=[OurForm])
def link(request: Request, office: TheOffice, reader: TheReader) -> HTMLResponse:
    """Shown once, on the page that answers the form: the token is in no address and no log."""
    grant = office.store.access.link(reader.person)
    return HTMLResponse(personal.account_page(frame(request, office, reader), grant))
