"""An archive on its way to the server: announced, sent piece by piece, gone on with after every cut."""

from collections.abc import Callable, Iterator
from urllib.parse import quote

from desk import wire
from desk.connection import Connection
from desk.desk import Sent
from grader.archive import Archive
from grader.errors import HeldoutError, NotFound, Refused, Unavailable
from leaderboard.records import Receipt

STEP = 1 << 16  # bytes after which whoever waits is told
STANDSTILLS = 10  # answers in a row by which nothing more has arrived: about a minute


def upload(
    server: Connection, announce: Callable[[], wire.Upload], archive: Archive, *, team: str | None, sent: Sent
) -> Receipt:
    """Send an archive. The receipt comes once bytes and row are durable, and is for these very bytes.

    What the rules refuse they refuse when it is announced. Raises HeldoutError.
    """
    begun = announce()
    try:
        receipt = _send(server, begun, archive.data, team, sent)
    except NotFound:  # the server has forgotten what had arrived: it was away for long
        receipt = _send(server, announce(), archive.data, team, sent)
    if receipt.sha256 != archive.sha256:
        raise HeldoutError(
            f"the receipt is for other bytes: #{receipt.ref}, sha256 {receipt.sha256}",
            expected=f"sha256 {archive.sha256}",
            next_step="tell your instructor both",
        )
    return receipt


def _send(server: Connection, now: wire.Upload, data: bytes, team: str | None, sent: Sent) -> Receipt:
    furthest, standstills = now.offset, 0
    while now.receipt is None:
        sent(now.offset, len(data))
        now = _piece(server, now, data, team, sent)
        standstills = 0 if now.offset > furthest else standstills + 1
        furthest = max(furthest, now.offset)
        if standstills == STANDSTILLS:
            raise Unavailable(
                f"{server.url} takes no more of what is sent",
                where=f"byte {now.offset:,} of {len(data):,}",
                next_step="submit again in a minute; if it stays like that, tell your instructor",
            )
        if standstills:
            server.pause(standstills)
    sent(len(data), len(data))
    return now.receipt


class Piece:
    """The bytes of one request, from `start` on; sent again it begins again."""

    def __init__(self, data: bytes, start: int, sent: Sent) -> None:
        self._data, self._sent = data, sent
        self.start, self.end = start, min(len(data), start + wire.CHUNK)

    def __iter__(self) -> Iterator[bytes]:
        for start in range(self.start, self.end, STEP):
            yield self._data[start : min(start + STEP, self.end)]
            self._sent(min(start + STEP, self.end), len(self._data))


def _piece(server: Connection, now: wire.Upload, data: bytes, team: str | None, sent: Sent) -> wire.Upload:
    """How far it is after the next bytes. Where a cut left some of them there, the server says from where.

    It may still be listening on the connection that was cut; then it refuses, too, and hasn't moved.
    """
    path, whose = f"/uploads/{quote(now.id, safe='')}", {"team": team}
    piece = Piece(data, now.offset, sent)
    headers = {
        wire.OFFSET: str(now.offset),
        "Content-Type": "application/octet-stream",
        "Content-Length": str(piece.end - piece.start),
    }
    try:
        answer = server.ask("PATCH", path, params=whose, content=piece, headers=headers)
    except Refused as refusal:
        try:
            return server.get(wire.UPLOAD, path, **whose)
        except NotFound:  # all had arrived, and the rules refused it after all
            raise refusal from None
    return server.read(wire.UPLOAD, answer)
