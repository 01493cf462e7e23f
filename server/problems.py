"""Errors become answers: four parts and a status. Ours are logged, and name no place on this machine."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from desk import wire
from grader.catalogue import HOME
from grader.errors import (
    Denied,
    Forbidden,
    HeldoutError,
    NotFound,
    Refused,
    TooLarge,
    Unavailable,
)
from server.errors import TooMany
from server.pages.frames import NotLoggedIn, to_login
from server.policy import HEADERS

log = logging.getLogger(__name__)
STATUS: Sequence[tuple[type[HeldoutError], int]] = (
    (Denied, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Refused, 409),
    (TooLarge, 413),
    (Unavailable, 503),
)
FULL = 507
BROKEN = HeldoutError(
    "the server broke, not you: it is in its log",
    expected="an answer",
    next_step="try again; if it happens again, tell your instructor when it was",
)


def status_of(error: HeldoutError) -> int:
    if isinstance(error, TooMany):
        return 429
    if isinstance(error, Unavailable) and error.full:
        return FULL
    return next((status for kind, status in STATUS if isinstance(error, kind)), 400)


def respond(request: Request, error: HeldoutError, status: int) -> Response:
    """JSON for the API, a page for a reader."""
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.wait)
    if status in (503, FULL):
        headers["Retry-After"] = "5"
    if status >= 500:
        log.error("%s", error, extra={"path": request.url.path, "status": status})
    if isinstance(error, NotLoggedIn) and request.method == "GET":
        return to_login(request)
    error = _without_places(error, str(request.app.state.office.current().folder), str(HOME))
    if is_api(request):
        return JSONResponse(wire.problem(error, ours=status >= 500), status, headers)
    return HTMLResponse(request.app.state.error_page(request, error, status), status, headers)


def _without_places(error: HeldoutError, *places: str) -> HeldoutError:
    """What was written for whoever holds the course's folder tells nobody else where that is."""
    parts = (error.what, error.where, error.expected, error.next_step)
    if not any(place in part for part in parts for place in places):
        return error
    log.warning("%s", error)
    what, where, expected, step = ("" if any(place in part for place in places) else part for part in parts)
    return HeldoutError(
        what or "the course is not set up for this",
        where=where,
        expected=expected,
        next_step=step or "ask your instructor",
    )


def is_api(request: Request) -> bool:
    path: str = request.scope["path"]
    return path.removeprefix(request.scope.get("root_path", "")).startswith("/api/")


def install(app: FastAPI) -> None:
    @app.exception_handler(HeldoutError)
    def ours(request: Request, error: HeldoutError) -> Response:
        return respond(request, error, status_of(error))

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> Response:
        return respond(request, _malformed(error.errors()), 422)

    @app.exception_handler(HTTPException)
    def plain(request: Request, error: HTTPException) -> Response:
        found = respond(request, _plain(request, error), error.status_code)
        found.headers.update(error.headers or {})
        return found

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        log.error("a request broke", exc_info=error, extra={"path": request.url.path})
        found = respond(request, BROKEN, 500)
        # What breaks is answered outside of all that is ours, and the connection ends with it.
        found.headers.update(HEADERS | {"Connection": "close"})
        return found


def _malformed(errors: Sequence[Mapping[str, Any]]) -> HeldoutError:
    """Of the first that is wrong; what was sent is not repeated."""
    first = errors[0]
    where = ".".join(str(part) for part in first["loc"])
    kind = str(first["type"])
    expected = "only the fields that /api/v1/openapi.json names" if kind == "extra_forbidden" else ""
    return HeldoutError(
        f"the request can't be read: {str(first['msg'])[:1].lower()}{str(first['msg'])[1:]}",
        where=where[:200],
        expected=expected,
        next_step="upgrade heldout if you sent this by its command line",
    )


def _plain(request: Request, error: HTTPException) -> HeldoutError:
    path = request.url.path[:200]
    if error.status_code == 404:
        return NotFound("there is nothing here", where=path, next_step="start from the course's first page")
    if error.status_code == 405:
        return HeldoutError(f"{request.method} is not possible here", where=path)
    return HeldoutError(str(error.detail)[:300], where=path)
