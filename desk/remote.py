"""The desk of a server: every method is a request. Needs no package that grades."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from desk import wire
from desk.connection import PATIENT, Connection, Patience, Said, unheard
from desk.credentials import Login
from desk.desk import Listed, Sent, Shown, Standings, Which, unseen
from desk.upload import upload
from grader.archive import Archive
from grader.errors import HeldoutError
from grader.outline import Outline, RunKind
from leaderboard.membership import Grant
from leaderboard.records import Event, Quota, Receipt, State, Submission, Team

CHARTS = ("history.svg", "distribution.svg")
SKEW = timedelta(minutes=2)  # from which on a clock is wrong enough to miss a deadline by it


class RemoteDesk:
    """A `StaffDesk` over HTTP, for one person. A context: leaving it closes its connections.

    `said` hears what whoever waits should know: that a request is tried again, that the clock is wrong.
    """

    def __init__(self, login: Login, *, said: Said = unheard, patience: Patience = PATIENT) -> None:
        self.login = login
        self._server = Connection(login, said=said, patience=patience)
        self._said = said

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._server.close()

    @property
    def address(self) -> str:
        return self._server.url

    # ------------------------------------------------------------ oneself

    def me(self) -> wire.Me:
        return self._server.get(wire.ME, "/me")

    def rotate(self) -> Grant:
        """A fresh token; the one in use is good until ten minutes after the new one was first used."""
        return self._server.read(wire.GRANT, self._server.send("POST", "/token/rotate"))

    def link(self) -> str:
        """A page that logs in the browser that opens it, once."""
        grant = self._server.read(wire.GRANT, self._server.send("POST", "/link"))
        return f"{self.address}/login/?token={quote(grant.token, safe='')}"

    def log_out(self) -> None:
        self._server.send("DELETE", "/token")

    # ------------------------------------------------------------ assignments

    def listed(self, team: str | None = None) -> Sequence[Listed]:
        cards = self._server.get(wire.CARDS, "/assignments", team=team)
        return [Listed(one.outline, one.best, one.trained) for one in cards]

    def outline(self, slug: str) -> Outline:
        return self._server.get(wire.OUTLINE, _at(slug))

    def kit(self, slug: str) -> bytes:
        answer = self._server.ask("GET", _at(slug, "kit"))
        promised = answer.headers.get("ETag", "").removeprefix("W/").strip('"')
        if hashlib.sha256(answer.content).hexdigest() != promised:
            raise HeldoutError(
                "what arrived is not what the server sent",
                where=f"{self.address}: {len(answer.content):,} bytes",
                expected=f"SHA-256 {promised or 'in the header ETag'}",
                next_step=f"heldout start {slug}, once more",
            )
        return answer.content

    # ------------------------------------------------------------ submissions

    def submit(
        self,
        archive: Archive,
        slug: str,
        run_kind: RunKind,
        *,
        description: str,
        team: str | None = None,
        sent: Sent = unseen,
    ) -> Receipt:
        def announce() -> wire.Upload:
            answer = self._server.send(
                "POST",
                "/uploads",
                wire.NewUpload,
                slug=slug,
                run_kind=run_kind,
                size=len(archive.data),
                sha256=archive.sha256,
                file_name=archive.file_name,
                description=description,
                team=team,
            )
            return self._server.read(wire.UPLOAD, answer)

        receipt = upload(self._server, announce, archive, team=team, sent=sent)
        self._check_clock()
        return receipt

    def limits(self, slug: str, run_kind: RunKind, team: str | None = None) -> Quota:
        found = self._server.get(wire.QUOTA, _at(slug, "limits"), run_kind=run_kind, team=team)
        self._check_clock()
        return found

    def submissions(self, slug: str, team: str | None = None) -> tuple[Outline, Sequence[Submission]]:
        found = self._server.get(wire.SUBMISSIONS, _at(slug, "submissions"), team=team)
        return found.outline, found.submissions

    def submission(self, ref: int) -> Shown:
        return self._server.get(wire.SHOWN, f"/submissions/{ref}")

    def pictures(self, ref: int) -> Mapping[str, bytes]:
        path = f"/submissions/{ref}/pictures"
        names = self._server.get(wire.NAMES, path)
        return {name: self._server.ask("GET", f"{path}/{_quoted(name)}").content for name in names}

    def select(self, refs: Sequence[int]) -> None:
        self._server.send("PUT", "/selection", wire.Selection, refs=list(refs))

    def withdraw(self, ref: int, *, undo: bool = False) -> State:
        answer = self._server.send("POST", f"/submissions/{ref}/withdraw", wire.Withdrawal, undo=undo)
        return self._server.read(wire.WITHDRAWN, answer).state

    def write_up(self, ref: int, text: str) -> None:
        self._server.send("PUT", f"/submissions/{ref}/write-up", wire.NewWriteUp, text=text)

    # ------------------------------------------------------------ boards

    def standings(self, which: Which, *, members: bool = False) -> Standings:
        found = self._server.get(wire.BOARD, _at(which.slug, "board"), **_of(which), members=members)
        return Standings(found.outline, found.rows, found.revealed, found.frozen_at)

    def charts(self, which: Which) -> Mapping[str, bytes]:
        paths = {name: _at(which.slug, "charts", name) for name in CHARTS}
        return {
            name: self._server.ask("GET", path, params=_of(which)).content for name, path in paths.items()
        }

    # ------------------------------------------------------------ people

    def teams(self) -> Sequence[Team]:
        return self._server.get(wire.TEAMS, "/teams")

    # ------------------------------------------------------------ what staff decide

    def extend(self, slug: str, username: str, until: datetime | None) -> datetime | None:
        path = _at(slug, "extensions", username)
        answer = self._server.send("PUT", path, wire.NewExtension, until=until)
        return self._server.read(wire.BEFORE, answer).until

    def disqualify(self, slug: str, team: str, reason: str) -> None:
        path = _at(slug, "disqualifications", team)
        self._server.send("PUT", path, wire.NewDisqualification, reason=reason)

    def reinstate(self, slug: str, team: str) -> None:
        self._server.send("DELETE", _at(slug, "disqualifications", team))

    def reveal(self, slug: str, *, undo: bool = False) -> None:
        self._server.send("PUT", _at(slug, "reveal"), wire.Reveal, revealed=not undo)

    def merge(self, into: str, other: str) -> None:
        self._server.send("POST", "/teams/merge", wire.Merge, into=into, other=other)

    def part(self, other: str) -> None:
        self._server.send("POST", "/teams/part", wire.Part, other=other)

    def events(self) -> Sequence[Event]:
        return self._server.get(wire.EVENTS, "/events")

    def _check_clock(self) -> None:
        if abs(skew := self._server.skew) > SKEW:
            off = f"{abs(skew) / timedelta(minutes=1):,.0f} minutes {'ahead' if skew > SKEW else 'behind'}"
            self._said(f"This machine's clock is {off}; deadlines go by the server's.")


def log_in(
    url: str, token: str, *, insecure: bool = False, patience: Patience = PATIENT
) -> tuple[wire.LoggedIn, Login]:
    """Use up a one-time token. Raises HeldoutError; an answer that was lost may have used it up."""
    with Connection(Login(url, "", insecure=insecure), patience=patience) as server:
        body = wire.LogIn(token=token).model_dump()
        found = server.read(wire.LOGGED_IN, server.ask("POST", "/login", repeat=False, json=body))
    return found, Login(url, found.token, datetime.now(UTC), found.expires_at, insecure)


def _of(which: Which) -> dict[str, Any]:
    return {"run_kind": which.run_kind, "private": which.private, "at": which.at, "live": which.live}


def _at(slug: str, *rest: str) -> str:
    """The path of an assignment, or of what belongs to it."""
    return "/".join(["/assignments", *map(_quoted, (slug, *rest))])


def _quoted(part: str) -> str:
    return quote(part, safe="")
