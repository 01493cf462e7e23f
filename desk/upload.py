"""An archive on its way to the server: announced, sent piece by piece, gone on with after every cut."""

from collections.abc import Callable
from urllib.parse import quote

from desk import wire
from desk.connection import Connection
from desk.desk import Sent
from grader.archive import Archive
from grader.errors import HeldoutError, NotFound, Refused, Unavailable
from leaderboard.records import Receipt

STANDSTILLS = 10  # answers in a row by which nothing more has arrived


def upload(server: Connection, announce: Callable[[], wire.Upload], archive: Archive, sent: Sent) -> Receipt:
    """Send an archive. The receipt comes once bytes and row are durable, and is for these very bytes.

    What the rules refuse they refuse when it is announced. Raises HeldoutError.
    """
    begun = announce()
    try:
        receipt = _send(server, begun, archive.data, sent)
    except NotFound:  # the server has forgotten what had arrived: it was away for long
        receipt = _send(server, announce(), archive.data, sent)
    if receipt.sha256 != archive.sha256:
        raise HeldoutError(
            f"the receipt is for other bytes: #{receipt.ref}, sha256 {receipt.sha256}",
            expected=f"sha256 {archive.sha256}",
            next_step="tell your instructor both",
        )
    return receipt


def _send(server: Connection, now: wire.Upload, data: bytes, sent: Sent) -> Receipt:
    furthest, standstills = now.offset, 0
    while now.receipt is None:
        sent(now.offset, len(data))
        now = _piece(server, now, data)
        standstills = 0 if now.offset > furthest else standstills + 1
        furthest = max(furthest, now.offset)
        if standstills == STANDSTILLS:
            raise Unavailable(
                f"{server.url} keeps asking for what it has been sent",
                where=f"byte {now.offset:,} of {len(data):,}",
                next_step="try again in a minute; if it stays like that, tell your instructor",
            )
    sent(len(data), len(data))
    return now.receipt


def _piece(server: Connection, now: wire.Upload, data: bytes) -> wire.Upload:
    """How far it is after the next bytes. Where a cut left some of them there, the server says from where."""
    path = f"/uploads/{quote(now.id, safe='')}"
    headers = {wire.OFFSET: str(now.offset), "Content-Type": "application/offset+octet-stream"}
    piece = data[now.offset : now.offset + wire.CHUNK]
    try:
        return server.read(wire.UPLOAD, server.ask("PATCH", path, content=piece, headers=headers))
    except Refused:
        there = server.get(wire.UPLOAD, path)
        if there.offset == now.offset and there.receipt is None:
            raise
        return there
