"""A server of our own small protocol, with one student and one assignment. Things go wrong on it as told."""

import hashlib
import io
import json
import re
import socket
import threading
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import TypeAdapter

from desk import wire
from desk.desk import Shown
from grader.outline import Estimate, Metric, Outline
from grader.report import Verdict
from leaderboard.membership import Grant, Person, Role
from leaderboard.records import (
    Event,
    Judging,
    Quota,
    Receipt,
    Row,
    State,
    Submission,
    Team,
    TeamKind,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOKEN = "hc_the-secret-of-ada"  # noqa: S105
ONE_TIME = "hi_good-once"
ADA = Person("ada", "Ada Lovelace", Role.STUDENT, "Ada Lovelace")
OUTLINE = Outline(slug="denoising", title="Denoise clothes", metrics=(Metric("psnr", "dB", True),), tiers=())
PNG, SVG = b"\x89PNG of a kind", b"<svg></svg>"


@dataclass(frozen=True)
class Answer:
    """What is answered instead of what was asked for."""

    status: int
    body: bytes = b"<html>not ours</html>"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/html"})


@dataclass(frozen=True)
class Cut:
    """The connection breaks after so many bytes of the request's body; they are kept."""

    after: int = 0


@dataclass(frozen=True)
class Lost:
    """All is done, and the answer never arrives."""


Headers = Any  # `email.message.Message`, whose types differ between versions
Mishap = Answer | Cut | Lost | None


def failed(status: int, what: str, **more: Any) -> Answer:
    """An answer of ours that is no success."""
    parts = {"where": "", "expected": "", "next_step": "", **more}
    headers = {"Content-Type": "application/json", **parts.pop("headers", {})}
    return Answer(status, json.dumps({"error": {"what": what, **parts}}).encode(), headers)


def row(team: str, rank: int, score: float, kind: TeamKind = TeamKind.STUDENT) -> Row:
    return Row(rank, "", team, rank, kind, rank, score, 0.1, "", 1, NOW, "", members=(team.lower(),))


QUEUED = Submission(
    7, "denoising", "Ada Lovelace", TeamKind.STUDENT, "x.zip", "one", "0" * 64, 9, NOW, State.QUEUED, 0
)
SCORED = replace(
    QUEUED,
    state=State.SCORED,
    judging=Judging(1, Verdict.SCORED, NOW, None, public={"psnr": Estimate(19.5, 0.25)}, log="hello\n"),
)


class Fake:
    """`mishaps`: what happens to the next requests, in turn. `states`: of submission 7, likewise."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, str, str]] = []  # method, path, token
        self.queries: list[str] = []
        self.bodies: list[Any] = []
        self.mishaps: deque[Mishap] = deque()
        self.states: list[Submission] = [SCORED]
        self.uploads: dict[str, tuple[dict[str, Any], bytes]] = {}
        self.received: list[bytes] = []
        self.token = TOKEN
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.rows = [row("Brook", 1, 20.0), row("Ada Lovelace", 2, 19.0)]
        self.next_rows: list[Row] = []  # of the board once it was looked at

    # ------------------------------------------------------------ what is there

    def answer(self, method: str, path: str, body: bytes, headers: Headers) -> Answer:
        if path != "/login" and headers.get("Authorization") != f"Bearer {self.token}":
            return failed(401, "nobody has this token")
        for (verb, pattern), found in self._routes().items():
            if verb == method and (match := re.fullmatch(pattern, path)):
                return found(*match.groups(), body=body, headers=headers)
        return failed(404, "there is nothing here", where=path)

    def _routes(self) -> dict[tuple[str, str], Callable[..., Answer]]:
        at = "/assignments/denoising"
        told: dict[tuple[str, str], tuple[TypeAdapter[Any], Any]] = {
            ("GET", "/me"): (wire.ME, wire.Me(ADA, NOW)),
            ("POST", "/link"): (wire.GRANT, Grant("hi_once", NOW)),
            ("GET", "/assignments"): (wire.CARDS, [wire.Card(OUTLINE, best=self.rows[1])]),
            ("GET", at): (wire.OUTLINE, OUTLINE),
            ("GET", f"{at}/limits"): (wire.QUOTA, Quota(1, 5, 1, None, 0, 2)),
            ("GET", f"{at}/submissions"): (wire.SUBMISSIONS, wire.Submissions(OUTLINE, [SCORED, QUEUED])),
            ("GET", "/submissions/7/pictures"): (wire.NAMES, ["examples"]),
            ("POST", "/submissions/7/withdraw"): (wire.WITHDRAWN, wire.Withdrawn(State.CANCELLED)),
            ("GET", "/teams"): (wire.TEAMS, [Team(1, "Ada Lovelace", TeamKind.STUDENT, ("ada",))]),
            ("GET", "/events"): (wire.EVENTS, [Event(NOW, "ina", "revealed", "denoising", {})]),
            ("PUT", f"{at}/extensions/ada"): (wire.BEFORE, wire.Before(None)),
        }
        routes: dict[tuple[str, str], Callable[..., Answer]] = {
            key: partial(self._tell, adapter, value) for key, (adapter, value) in told.items()
        }
        nothing = partial(self._hear, Answer(204, b"", {}))
        for key in (
            ("DELETE", "/token"), ("PUT", "/submissions/7/write-up"), ("PUT", "/selection"),
            ("PUT", f"{at}/disqualifications/(.+)"), ("DELETE", f"{at}/disqualifications/(.+)"),
            ("PUT", f"{at}/reveal"), ("POST", "/teams/merge"), ("POST", "/teams/part"),
        ):  # fmt: skip
            routes[key] = nothing
        routes[("GET", "/submissions/7/pictures/examples")] = partial(self._hear, Answer(200, PNG))
        routes[("GET", f"{at}/charts/.+")] = partial(self._hear, Answer(200, SVG))
        return routes | {
            ("GET", f"{at}/kit"): self._kit,
            ("GET", "/submissions/7"): self._submission,
            ("GET", f"{at}/board"): self._board,
            ("POST", "/login"): self._log_in,
            ("POST", "/token/rotate"): self._rotate,
            ("POST", "/uploads"): self._begin,
            ("GET", "/uploads/(.+)"): self._look,
            ("PATCH", "/uploads/(.+)"): self._append,
        }

    def _tell(
        self, adapter: TypeAdapter[Any], value: Any, *matched: str, status: int = 200, **asked: Any
    ) -> Answer:
        return Answer(status, adapter.dump_json(value), {"Content-Type": "application/json"})

    def _hear(self, answer: Answer, *matched: str, body: bytes, **asked: Any) -> Answer:
        self.bodies.append(json.loads(body) if body else None)
        return answer

    def _kit(self, **asked: Any) -> Answer:
        data = kit({"README.md": b"Denoise.", "model.py": b"", "data/public.npz": b"numbers"})
        return Answer(200, data, {"ETag": f'"{hashlib.sha256(data).hexdigest()}"'})

    def _submission(self, **asked: Any) -> Answer:
        now = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return self._tell(wire.SHOWN, Shown(OUTLINE, now))

    def _board(self, **asked: Any) -> Answer:
        shown, self.rows = self.rows, self.next_rows or self.rows
        return self._tell(wire.BOARD, wire.Board(OUTLINE, shown, revealed=False))

    def _log_in(self, *, body: bytes, **asked: Any) -> Answer:
        if json.loads(body) != {"token": ONE_TIME}:
            return failed(401, "nobody has this token", next_step="ask your instructor")
        self.token = TOKEN
        return self._tell(wire.LOGGED_IN, wire.LoggedIn(ADA, TOKEN, NOW + timedelta(days=900)))

    def _rotate(self, **asked: Any) -> Answer:
        self.token = "hc_rotated"  # noqa: S105
        return self._tell(wire.GRANT, Grant(self.token, datetime.now(UTC) + timedelta(days=90)))

    # ------------------------------------------------------------ uploads

    def _begin(self, *, body: bytes, **asked: Any) -> Answer:
        new = json.loads(body)
        self.bodies.append(new)
        number = hashlib.sha256(new["sha256"].encode()).hexdigest()[:32]
        self.uploads.setdefault(number, (new, b""))
        return self._tell(wire.UPLOAD, self._upload(number), status=201)

    def _look(self, number: str, **asked: Any) -> Answer:
        if number not in self.uploads:
            return failed(404, "there is no such upload")
        return self._tell(wire.UPLOAD, self._upload(number))

    def _append(self, number: str, *, body: bytes, headers: Headers, **asked: Any) -> Answer:
        if number not in self.uploads:
            return failed(404, "there is no such upload")
        if self._upload(number).receipt is None and not self.keep(number, int(headers[wire.OFFSET]), body):
            return failed(409, "the bytes from elsewhere on were sent")
        return self._tell(wire.UPLOAD, self._upload(number))

    def _upload(self, number: str) -> wire.Upload:
        new, there = self.uploads[number]
        sha256 = hashlib.sha256(there).hexdigest()
        receipt = Receipt(7, "Ada Lovelace", new["slug"], sha256, len(there), NOW, False, left=4)
        whole = len(there) == new["size"] and sha256 == new["sha256"]
        return wire.Upload(number, new["size"], len(there), receipt if whole else None)

    def keep(self, number: str, offset: int, body: bytes) -> bool:
        """The next bytes, also of a request that broke; False where others come next."""
        new, there = self.uploads[number]
        if offset != len(there):
            return False
        self.uploads[number] = new, there + body
        if self._upload(number).receipt:
            self.received.append(there + body)
        return True


def kit(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as bundle:
        for name, data in files.items():
            bundle.writestr(zipfile.ZipInfo(name), data)
    return made.getvalue()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    fake: Fake

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def handle_any(self) -> None:
        path, _, query = self.path.removeprefix(wire.PREFIX).partition("?")
        self.fake.queries.append(query)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.fake.asked.append((self.command, path, token))
        mishap = self.fake.mishaps.popleft() if self.fake.mishaps else None
        length = int(self.headers.get("Content-Length", 0))
        if isinstance(mishap, Cut):
            body = self.rfile.read(min(mishap.after, length))
            if self.command == "PATCH":
                self.fake.keep(path.rpartition("/")[2], int(self.headers[wire.OFFSET]), body)
            self._hang_up()
            return
        body = self.rfile.read(length)
        answer = (
            mishap if isinstance(mishap, Answer) else self.fake.answer(self.command, path, body, self.headers)
        )
        if isinstance(mishap, Lost):
            self._hang_up()
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Date", format_datetime(self.fake.clock(), usegmt=True))
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *about: Any) -> None:
        """Nobody reads it."""


def handler(fake: Fake) -> type[BaseHTTPRequestHandler]:
    verbs = ("GET", "POST", "PUT", "PATCH", "DELETE")
    return type(
        "Handler", (_Handler,), {"fake": fake, **{f"do_{verb}": _Handler.handle_any for verb in verbs}}
    )


@contextmanager
def serving() -> Iterator[Fake]:
    fake = Fake()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(fake)) as server:
        server.daemon_threads = True
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
