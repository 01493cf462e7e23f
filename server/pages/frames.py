"""Whoever reads a page, what every page stands in, and what proves that a form is one of ours."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends, Form, Request
from fastapi.responses import RedirectResponse

from grader.errors import Denied, Forbidden, HeldoutError
from leaderboard.membership import Person
from leaderboard.web import site
from leaderboard.web.frame import Frame
from server.office import Office, TheOffice
from server.viewer import check_instructor, check_staff

COOKIE = "heldout_session"
SAME = ("same-origin", "none", "")  # Sec-Fetch-Site of what is ours, or typed in, or not said


@dataclass(frozen=True)
class Reader:
    """Somebody who is logged in with a browser."""

    person: Person
    secret: str


class NotLoggedIn(Denied):
    """Then the door is shown, and this page afterwards."""


def reader_of(request: Request, office: TheOffice) -> Reader:
    secret = request.cookies.get(COOKIE, "")
    if not secret:
        raise NotLoggedIn("nobody is logged in", next_step="log in")
    try:
        return Reader(office.store.access.who(secret, kind="session"), secret)
    except Denied as error:
        raise NotLoggedIn(error.what, expected=error.expected, next_step=error.next_step) from error


TheReader = Annotated[Reader, Depends(reader_of)]


def _staff(reader: TheReader) -> Reader:
    check_staff(reader.person)
    return reader


def _instructor(reader: TheReader) -> Reader:
    check_instructor(reader.person)
    return reader


StaffReader = Annotated[Reader, Depends(_staff)]
InstructorReader = Annotated[Reader, Depends(_instructor)]


def csrf_of(secret: str) -> str:
    """Follows from the session, and doesn't tell it."""
    return hmac.new(secret.encode(), b"heldout form", hashlib.sha256).hexdigest()


def check_same_site(request: Request) -> None:
    """Raise Forbidden for a form that another site's page has sent.

    Browsers say Sec-Fetch-Site over https alone; over http, and older ones, they name the page's origin.
    """
    site, origin = (request.headers.get(name, "") for name in ("sec-fetch-site", "origin"))
    if site not in SAME or (origin and not site and urlsplit(origin).netloc != request.headers.get("host")):
        raise Forbidden(
            "this form came from another site", next_step="open the page here, and send it from there"
        )


def check_form(request: Request, reader: TheReader, csrf: Annotated[str, Form(max_length=100)] = "") -> None:
    """Raise Forbidden unless the form was made for this session."""
    check_same_site(request)
    if not hmac.compare_digest(csrf.encode(), csrf_of(reader.secret).encode()):
        raise Forbidden(
            "this form is from another session", next_step="go back, reload the page and send it again"
        )


OurForm = Depends(check_form)


def home_of(request: Request) -> str:
    """The way from the page's folder to the first page: links work wherever a proxy puts us."""
    path = str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))
    return "../" * (path.count("/") - 1)


def frame(request: Request, office: Office, reader: Reader | None = None, *, events: str = "") -> Frame:
    return Frame(
        office.current().config.title,
        home_of(request),
        live=True,
        person=reader.person if reader else None,
        csrf=csrf_of(reader.secret) if reader else "",
        now=office.store.now(),
        events=events,
        origin=str(request.base_url).rstrip("/"),
    )


def go(path: str, request: Request) -> RedirectResponse:
    """To a page, after a form: what is reloaded then sends nothing again."""
    return RedirectResponse((home_of(request) + path) or "./", 303)


def to_login(request: Request) -> RedirectResponse:
    wanted = str(request.scope["path"]).removeprefix(request.scope.get("root_path", "")).lstrip("/")
    query = f"?next={quote(wanted)}" if wanted else ""
    return RedirectResponse(f"{home_of(request)}login/{query}", 303)


def error_page(request: Request, error: HeldoutError, status: int) -> str:
    """With the reader's name only if asking for it costs no further error: not where we broke."""
    office: Office = request.app.state.office
    try:
        reader = reader_of(request, office) if status < 500 else None
    except HeldoutError:
        reader = None
    return site.error_page(frame(request, office, reader), error, status)


def safe_path(wanted: str) -> str:
    """A page of this site, or the first one: nobody is sent elsewhere after logging in."""
    plain = all(part and part not in (".", "..") and part.isascii() for part in wanted.rstrip("/").split("/"))
    inside = wanted and plain and not set(wanted) & set(":\\?#%")
    return wanted if inside else ""
