"""What every answer carries, and what no request may be: pure ASGI, before anything is parsed."""

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grader.errors import TooLarge
from server.policy import HEADERS
from server.problems import respond

LARGEST_BODY = 256 * 1024  # bytes; uploads have limits of their own
BODY_SECONDS = 30.0  # for all of a body
CLOSE = {
    "Connection": "close"
}  # nobody waits for the rest; of a body that comes fast it is read and forgotten
TOO_LARGE = TooLarge("the request is too large", expected=f"at most {LARGEST_BODY:,} bytes")


class StrictHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending)


class HeadersAlone:
    """HEAD is GET whose answer has no body: whoever looks whether we are there asks like that."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        answered = asyncio.Event()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})
                answered.set()

        async def receiving() -> Message:
            if answered.is_set():  # what would never end, does
                return {"type": "http.disconnect"}
            return await receive()

        await self._app({**scope, "method": "GET"}, receiving, sending)


class SmallBodies:
    """Refuses what is too large, by its announced length or while it comes, and what is slow."""

    def __init__(self, app: ASGIApp, *, seconds: float = BODY_SECONDS) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] == "PATCH":  # an upload: see arrivals
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > LARGEST_BODY:
            answer = respond(Request(scope), TOO_LARGE, 413)
            await answer(scope, receive, send)
            return
        came, whole, deadline = 0, False, asyncio.get_running_loop().time() + self._seconds

        async def receiving() -> Message:
            nonlocal came, whole
            try:
                async with asyncio.timeout_at(None if whole else deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "the request did not come to its end", CLOSE) from None
            whole = whole or not message.get("more_body", False)
            came += len(message.get("body", b""))
            if came > LARGEST_BODY:  # it came in chunks, and did not say how many
                raise HTTPException(413, f"the request is too large: at most {LARGEST_BODY:,} bytes")
            return message

        await self._app(scope, receiving, send)
