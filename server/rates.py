"""How often one may ask: by person where a secret is shown, else by address. A class behind one address fits."""

import hashlib
import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from server.problems import TooMany, respond

READING = RateLimitItemPerMinute(1200)  # a board's page has dozens of pictures
WRITING = RateLimitItemPerMinute(120)
STRANGERS = RateLimitItemPerMinute(1200)  # of one address, logging in: 300 students may share it
SAFE = ("GET", "HEAD", "OPTIONS", "PATCH")  # a large upload has many pieces
SECRET = ("authorization", "cookie")


class Rates:
    """`reading` and `writing`: requests a minute of one person."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        reading: RateLimitItemPerMinute = READING,
        writing: RateLimitItemPerMinute = WRITING,
        strangers: RateLimitItemPerMinute = STRANGERS,
    ) -> None:
        self._app = app
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._reading, self._writing, self._strangers = reading, writing, strangers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (wait := self._wait(scope)):
            error = TooMany(wait)
            await respond(Request(scope), error, 429)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _wait(self, scope: Scope) -> int:
        """Seconds, 0 where it may go on. An invented secret counts for its address: see below."""
        headers = Headers(scope=scope)
        secret = "".join(headers.get(name, "") for name in SECRET)
        address = (scope.get("client") or ("", 0))[0]
        if secret:
            who = hashlib.sha256(secret.encode()).hexdigest()
            item = self._reading if scope["method"] in SAFE else self._writing
        else:
            who, item = address, self._strangers
        if self._limiter.hit(item, who, scope["method"] in SAFE):
            return 0
        reset, _ = self._limiter.get_window_stats(item, who, scope["method"] in SAFE)
        return max(1, math.ceil(reset - time.time()))
