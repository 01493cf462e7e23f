"""How often one may ask: by person where a secret is shown, and by address, behind which a class may sit."""

import hashlib
import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from server.errors import TooMany
from server.pages.frames import COOKIE
from server.problems import is_api, respond

READING = RateLimitItemPerMinute(1200)  # a board's page has dozens of pictures
WRITING = RateLimitItemPerMinute(120)
ADDRESS = RateLimitItemPerMinute(30_000)  # 300 students with live pages may share one, and invent no secrets
SAFE = ("GET", "HEAD", "OPTIONS", "PATCH")  # a large upload has many pieces
SECRET = ("authorization", "cookie")


class Rates:
    """Requests a minute: `reading` and `writing` of one person, or without a secret of one address."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        reading: RateLimitItemPerMinute = READING,
        writing: RateLimitItemPerMinute = WRITING,
        address: RateLimitItemPerMinute = ADDRESS,
    ) -> None:
        self._app = app
        # Two numbers for each of them, which are forgotten: a moving window keeps who was there for ever.
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._reading, self._writing, self._address = reading, writing, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (wait := self._wait(scope)):
            error = TooMany(wait)
            await respond(Request(scope), error, 429)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _wait(self, scope: Scope) -> int:
        """Seconds, 0 where it may go on."""
        secret = _secret(Request(scope))
        address = str((scope.get("client") or ("", 0))[0])
        who = hashlib.sha256(secret.encode()).hexdigest() if secret else address
        safe = scope["method"] in SAFE
        counted = (
            (self._address, address, "all"),
            (self._reading if safe else self._writing, who, str(safe)),
        )
        for item, *key in counted:
            if not self._limiter.hit(item, *key):
                reset, _ = self._limiter.get_window_stats(item, *key)
                return max(1, math.ceil(reset - time.time()))
        return 0


def _secret(request: Request) -> str:
    """What lets somebody in there, and no more: whoever adds another cookie to it stays the same person.

    What is no secret there lets nobody in, and is counted by itself, whatever it is.
    """
    shown, cookies = (request.headers.get(name, "") for name in SECRET)
    proper = (shown.split() or [""])[-1] if is_api(request) else request.cookies.get(COOKIE, "")
    return proper or shown + cookies
