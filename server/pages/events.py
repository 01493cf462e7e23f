"""Server-sent events: that something has changed, never what; the page asks for itself again."""

from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse

from grader.errors import Denied
from server.office import Office
from server.pages.frames import Reader

PING = 20  # seconds: proxies end what is silent for a minute


def changes_of(office: Office, topic: str, reader: Reader) -> EventSourceResponse:
    """Ends with the reader's session. Raises TooMany."""
    office.pulse.admit(reader.person.username)

    async def stream() -> AsyncIterator[dict[str, str]]:
        with suppress(Denied):
            async for word in office.pulse.changes(topic, reader.person.username):
                await run_in_threadpool(office.store.access.who, reader.secret, kind="session")
                yield {"data": word}

    return EventSourceResponse(stream(), ping=PING)
