"""The application: what is asked for is in `api` and `pages`; here it is put together."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from desk.wire import PREFIX, Failed
from grader.errors import Forbidden, HeldoutError
from server import pages, problems
from server.api import account, assignments, staff, submissions, uploads
from server.headers import HeadersAlone, SmallBodies, StrictHeaders
from server.metrics import Metrics
from server.office import Office
from server.rates import Rates
from server.record import RequestsLog

log = logging.getLogger(__name__)
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Failed, "description": text}
    for status, text in {
        400: "What was sent can't be taken",
        401: "Nobody is logged in, or no longer",
        403: "Not for this person",
        404: "There is none, or not for this person",
        409: "Not now: rules, or what was decided before",
        413: "Too large",
        422: "The request can't be read",
        429: "Too often",
        503: "The database is busy",
        507: "The disk is full",
    }.items()
}
LOCAL = ("127.0.0.1", "::1")
BY_PROXY = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


def make_app(office: Office) -> FastAPI:
    app = FastAPI(
        title="Heldout",
        version="1",
        description="A course's assignments, boards and submissions. Log in with `heldout login`.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # pages that fetch scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
    )
    metrics = Metrics(office.store)
    app.state.office, app.state.metrics = office, metrics
    app.state.error_page = pages.error_page
    problems.install(app)
    api = APIRouter(prefix=PREFIX, responses=ERRORS)
    for part in (account, assignments, submissions, uploads, staff):
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(_health)
    app.include_router(pages.router)
    for middleware in (SmallBodies, Rates, StrictHeaders):  # the last is outermost
        app.add_middleware(middleware)
    app.add_middleware(RequestsLog, metrics=metrics)
    app.add_middleware(HeadersAlone)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await run_in_threadpool(app.state.office.store.close)


_health = APIRouter(include_in_schema=False)


@_health.get("/healthz")
def healthz(request: Request) -> Response:
    """Whether requests can be answered; that nobody grades is not this process's fault."""
    office: Office = request.app.state.office
    try:
        graders = office.store.graders()  # who asks every second must not have all submissions counted
    except HeldoutError as error:
        return JSONResponse({"status": "failing", "what": error.what}, 503)
    return JSONResponse({"status": "ok", "graders": len(graders)})


@_health.get("/metrics")
def metrics(request: Request) -> Response:
    """For a collector on this machine: who comes through a proxy is not let in."""
    host = request.client.host if request.client else ""
    if host not in LOCAL or any(name in request.headers for name in BY_PROXY):
        raise Forbidden("metrics are for this machine", next_step="ask from 127.0.0.1, past the proxy")
    found: Metrics = request.app.state.metrics
    return PlainTextResponse(found.text(), media_type=CONTENT_TYPE_LATEST)
