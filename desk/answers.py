"""Answers that are no success, and none at all: as errors that say whose trouble it is and what to do.

What a server or a proxy wrote is made harmless for the terminal.
"""

import ssl
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import ValidationError

from desk import wire
from grader.errors import Denied, Forbidden, HeldoutError, NotFound, Refused, TooLarge, Unavailable
from grader.outline import readable
from leaderboard.plain import lines, one_line

NO_ROOM = 507
KINDS: Mapping[int, type[HeldoutError]] = {
    401: Denied,
    403: Forbidden,
    404: NotFound,
    409: Refused,
    413: TooLarge,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
AGAIN = "try again in a minute; if it stays like that, tell your instructor"
LOG_IN = "log in again: `heldout login URL`"


def refusal(answer: httpx.Response, url: str) -> HeldoutError:
    """What an answer comes to that is no success."""
    if answer.is_redirect:
        return _redirected(answer, url)
    try:
        told = wire.FAILED.validate_json(answer.content, extra="ignore").error
    except ValidationError:
        return _foreign(answer, url)
    parts = {"where": told.where, "expected": told.expected, "next_step": told.next_step}
    what, shown = lines(told.what), {name: lines(text) for name, text in parts.items()}
    if answer.status_code == NO_ROOM:
        return Unavailable(what, **shown, full=True)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        shown["next_step"] = shown["next_step"] or LOG_IN
    return KINDS.get(answer.status_code, HeldoutError)(what, **shown)


def unreadable(answer: httpx.Response, url: str, error: ValidationError) -> HeldoutError:
    """A success whose body is none of ours, or of another version."""
    if not _is_json(answer):
        return _foreign(answer, url)
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"])) or "the answer"
    return HeldoutError(
        f"{url} and this client don't understand each other: they are of different versions",
        where=one_line(f"{answer.request.url.path}: {place}: {first['msg']}"),
        next_step="pip install --upgrade heldout; if that changes nothing, tell your instructor",
    )


def unsendable(error: ValidationError) -> HeldoutError:
    """What the server would not take either."""
    first = error.errors(include_url=False, include_input=False)[0]
    return HeldoutError(f"{'.'.join(map(str, first['loc']))}: {first['msg'][:1].lower()}{first['msg'][1:]}")


def unreached(url: str, error: httpx.RequestError, *, seconds: float) -> Unavailable:
    """No answer."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol):
        what, step = f"{url} can't be reached", "check the address and your network, then try again"
    elif isinstance(error, httpx.ProxyError):
        what, step = f"the proxy on the way to {url} refuses", "look at the variable HTTPS_PROXY"
    elif isinstance(error, httpx.TimeoutException):
        what, step = f"{url} gave no answer within {seconds:g} s", AGAIN
    else:
        what, step = f"the connection to {url} was cut", AGAIN
    return Unavailable(what, where=one_line(str(error)), next_step=step)


def untrusted(url: str, error: ssl.SSLError) -> HeldoutError:
    """TLS failed: nothing was sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return HeldoutError(
            f"the certificate of {url} can't be trusted; nothing was sent",
            where=one_line(error.verify_message),
            expected="a certificate that an authority known here vouches for",
            next_step="ask your instructor; for an authority of your own: SSL_CERT_FILE=/path/to/ca.pem",
        )
    return HeldoutError(
        f"{url} speaks no TLS that we understand; nothing was sent",
        where=one_line(error.reason or str(error)),
        next_step="check the address: the port, and whether it is https",
    )


def misconfigured(error: Exception) -> HeldoutError:
    """What the environment says of proxies and certificates can't be followed."""
    certificates = isinstance(error, OSError)
    return HeldoutError(
        f"the {'certificates' if certificates else 'proxy'} that your environment names can't be used",
        where=one_line(str(error)),
        next_step="look at the variables SSL_CERT_FILE and SSL_CERT_DIR"
        if certificates
        else "look at the variables HTTPS_PROXY and ALL_PROXY",
    )


def _redirected(answer: httpx.Response, url: str) -> HeldoutError:
    parts = urlsplit(urljoin(str(answer.request.url), answer.headers.get("Location", "")))
    path = parts.path.split(wire.PREFIX)[0] if wire.PREFIX in parts.path else ""
    there = one_line(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}")
    return HeldoutError(
        f"{url} sends us elsewhere: {there}",
        expected="an answer from there: your token goes to no other address",
        next_step=f"if that is your course's server: heldout login {there}",
    )


def _foreign(answer: httpx.Response, url: str) -> HeldoutError:
    """What did not come from a server of ours, or from one of another version."""
    status = one_line(f"{answer.status_code} {answer.reason_phrase}")
    kind = KINDS.get(answer.status_code, HeldoutError)
    if kind is Unavailable:
        return Unavailable(
            f"{url} is not there just now", where=f"something before it answers: {status}", next_step=AGAIN
        )
    if answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return HeldoutError(
            "something between here and the server takes no request of this size",
            where=f"{url}: {status}",
            next_step=f"tell your instructor: its proxy has to let {readable(wire.CHUNK)} pass",
        )
    found = one_line(answer.headers.get("Content-Type", "of no type"))
    return kind(
        f"what answers at {url} is no Heldout server, or one of another version",
        where=f"{answer.request.url.path}: {status}, {found}",
        expected="the address that your instructor gave you",
        next_step="check it in a browser: a network that wants you to log in first answers like that, too",
    )


def _is_json(answer: httpx.Response) -> bool:
    kind: str = answer.headers.get("Content-Type", "")
    return kind.partition(";")[0].strip() == "application/json"
