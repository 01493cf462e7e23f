"""A line of the log for each request, and its seconds for the metrics: by route, never by what is in it."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.wire import PREFIX
from server.metrics import Metrics

log = logging.getLogger("server.requests")
QUIET = ("/healthz", "/metrics")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")  # whoever invents another, invents no line of the metrics


class RequestsLog:
    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            self._note(scope, status, time.perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        path = _route(scope)
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.requests.labels(method, path, f"{status // 100}xx").observe(seconds)
        if path not in QUIET:
            fields = {
                "method": method,
                "route": path,
                "status": status,
                "ms": round(1e3 * seconds, 1),
            }
            fields["client"] = (scope.get("client") or ("", 0))[0]
            log.info("request", extra=fields)


def _route(scope: Scope) -> str:
    """Its pattern, for there are only so many of those."""
    path: str = getattr(scope.get("route"), "path", "nowhere")
    within_api = scope["path"].removeprefix(scope.get("root_path", "")).startswith(PREFIX)
    return PREFIX + path if within_api and not path.startswith(PREFIX) else path
