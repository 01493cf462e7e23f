"""Requests to a server: tried again while the trouble is ours and passes, else an error a person can act on.

The token goes to that server and nowhere else: no redirect is followed, no plain HTTP is spoken off this
machine unless its user wants that, and no message shows it.
"""

import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from desk import answers, wire
from desk.credentials import Login, is_loopback
from grader.errors import HeldoutError

T = TypeVar("T")
Said = Callable[[str], None]  # a line for whoever waits
PASSING = frozenset({429, 502, 503, 504})
UNDONE = frozenset({429, 503})  # of these, what says that nothing was done
SECRET = re.compile(r"[\x21-\x7e]+")  # what a header can carry


@dataclass(frozen=True)
class Patience:
    """How often a request is tried; how many seconds lie between two tries, about twice as many each time."""

    tries: int = 6
    first: float = 0.5
    longest: float = 10.0
    asked: float = 60.0  # a server that asks for a longer wait is not waited for
    timeout: float = 30.0  # for an answer to begin, or to go on
    sleep: Callable[[float], None] = time.sleep


PATIENT = Patience()


class Passing(Exception):
    """A failure that may be gone at the next try. `error`: what to tell if it is not."""

    def __init__(self, error: HeldoutError, after: float = 0.0) -> None:
        super().__init__(error.what)
        self.error = error
        self.after = after  # seconds, as the server asked


def unheard(line: str) -> None:
    """Nobody listens."""


class Connection:
    """To one server's API, with a token or, to log in, without. A context."""

    def __init__(self, login: Login, *, said: Said = unheard, patience: Patience = PATIENT) -> None:
        _check_confined(login)
        self.url = login.url
        self.skew = timedelta()  # how far this machine's clock is ahead of the server's
        self._said = said
        self._patience = patience
        self._backoff = wait_random_exponential(multiplier=patience.first, max=patience.longest, min=0.1)
        self._client = _client(login, patience.timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def get(self, adapter: TypeAdapter[T], path: str, **params: Any) -> T:
        """What is read there. Raises HeldoutError."""
        return self.read(adapter, self.ask("GET", path, params=params))

    def send(
        self, method: str, path: str, body: type[wire.Strict] | None = None, **told: Any
    ) -> httpx.Response:
        """The answer to a request with a JSON body of that form, or with none. Raises HeldoutError."""
        if body is None:
            return self.ask(method, path)
        try:
            filled = body(**told)
        except ValidationError as error:
            raise answers.unsendable(error) from error
        return self.ask(method, path, json=filled.model_dump(mode="json"))

    def ask(self, method: str, path: str, *, repeat: bool = True, **content: Any) -> httpx.Response:
        """A successful answer. `repeat`: whether to do it twice does no harm. Raises HeldoutError."""
        content["params"] = _told(content.get("params", {}))
        retrying = Retrying(
            retry=retry_if_exception_type(Passing),
            stop=stop_after_attempt(self._patience.tries),
            wait=self._wait,
            sleep=self._patience.sleep,
            before_sleep=self._tell,
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, repeat, content)
        except Passing as failure:
            raise failure.error from failure.__cause__

    def pause(self, times: int) -> None:
        """Before the same is asked for once more."""
        self._patience.sleep(min(self._patience.longest, self._patience.first * 2**times))

    def read(self, adapter: TypeAdapter[T], answer: httpx.Response) -> T:
        """Its body. What a newer server tells beyond what is known here is passed over."""
        try:
            return adapter.validate_json(answer.content, extra="ignore")
        except ValidationError as error:
            raise answers.unreadable(answer, self.url, error) from error

    def _once(self, method: str, path: str, repeat: bool, content: dict[str, Any]) -> httpx.Response:
        try:
            answer = self._client.request(method, f"{self.url}{wire.PREFIX}{path}", **content)
        except httpx.RequestError as error:
            raise self._unreached(error, repeat) from error
        self._note_clock(answer)
        if answer.is_success:
            return answer
        refusal, status = answers.refusal(answer, self.url), answer.status_code
        after = _retry_after(answer)
        if status not in (PASSING if repeat else UNDONE) or after > self._patience.asked:
            raise refusal
        raise Passing(refusal, after)

    def _unreached(self, error: httpx.RequestError, repeat: bool) -> HeldoutError | Passing:
        if (tls := next(_ssl_errors(error), None)) is not None:
            return answers.untrusted(self.url, tls)
        told = answers.unreached(self.url, error, seconds=self._patience.timeout)
        unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
        return Passing(told) if repeat or unsent else told

    def _wait(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked = failure.after if isinstance(failure, Passing) else 0.0
        return max(asked, self._backoff(state))

    def _tell(self, state: RetryCallState) -> None:
        failure = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0.0
        if isinstance(failure, Passing) and seconds >= 1:
            self._said(f"{failure.error.what}: trying again in {seconds:.0f} s")

    def _note_clock(self, answer: httpx.Response) -> None:
        with suppress(KeyError, ValueError, TypeError):
            self.skew = datetime.now(UTC) - parsedate_to_datetime(answer.headers["Date"])


def _check_confined(login: Login) -> None:
    parts = urlsplit(login.url)
    if parts.scheme == "https" or login.insecure or is_loopback(parts.hostname or ""):
        return
    raise HeldoutError(
        "over plain HTTP others on the way could read your token",
        where=login.url,
        expected=f"https://{parts.netloc}{parts.path}",
        next_step="log in to that; or `heldout login --insecure URL` where the network is yours alone",
    )


def _client(login: Login, timeout: float) -> httpx.Client:
    """Raises HeldoutError where the environment names a proxy or certificates that can't be used."""
    try:
        return httpx.Client(
            headers={"User-Agent": f"heldout/{version('heldout')}", **_bearer(login.token)},
            timeout=timeout,
            follow_redirects=False,
            trust_env=login.url.startswith("https:"),  # else a proxy would read along
        )
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
        raise answers.misconfigured(error) from error


def _bearer(token: str) -> dict[str, str]:
    if token and not SECRET.fullmatch(token):
        raise HeldoutError(
            "that is no token",
            expected="letters, digits and signs without spaces, as it was given",
            next_step="copy it anew",
        )
    return {"Authorization": f"Bearer {token}"} if token else {}


def _told(params: dict[str, Any]) -> dict[str, Any]:
    """Without what was left open; times as ISO 8601 writes them."""
    asked = {name: value for name, value in params.items() if value not in (None, False)}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in asked.items()
    }


def _retry_after(answer: httpx.Response) -> float:
    """Seconds; as a date it is for browsers."""
    with suppress(ValueError):
        return max(0.0, float(answer.headers.get("Retry-After", "")))
    return 0.0


def _ssl_errors(error: BaseException | None) -> Iterator[ssl.SSLError]:
    """Those that it came from."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            yield error
        error = error.__cause__ or error.__context__
