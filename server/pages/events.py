"""Server-sent events: that something has changed, never what; the page asks for itself again."""

from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse

from server.office import Office

PING = 20  # seconds: proxies end what is silent for a minute


def changes_of(office: Office, topic: str) -> EventSourceResponse:
    async def stream() -> AsyncIterator[dict[str, str]]:
        async for word in office.pulse.changes(topic):
            yield {"data": word}

    return EventSourceResponse(stream(), ping=PING)
