"""A grader's line to a scheduler, which may break: who is there, what they tell, and how to ask them."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from distributed import Client
from distributed.security import Security

from cluster import versions
from cluster.addresses import Address
from cluster.knock import knock
from grader.errors import HeldoutError, Unavailable

CONNECT = 10.0  # seconds
FRESH = 1.0  # seconds that what is known of the workers is not asked again
RETRY = 2.0  # seconds that a scheduler which did not answer is not asked again: many threads would, in turn
TOPIC = "heldout-{}"

log = logging.getLogger(__name__)
Hear = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Seen:
    """A worker that is at work, and has our versions."""

    address: str
    name: str
    resource: str


class Link:
    """May be used by several threads. Raises Unavailable when the scheduler doesn't answer."""

    def __init__(self, address: Address, security: Security, token: str, hear: Hear) -> None:
        self._address, self._security, self._hear = address, security, hear
        self.topic = TOPIC.format(token)
        self._client: Client | None = None
        self._lost = False  # it was there once
        self._seen: Mapping[str, Seen] = {}
        self._seen_at = 0.0
        self._refused: dict[str, str] = {}  # the workers that can't be used, and why
        self._failed: tuple[float, HeldoutError] | None = None  # when it didn't answer, and how
        self._changing = threading.RLock()

    @property
    def refused(self) -> Mapping[str, str]:
        return self._refused

    @property
    def known(self) -> Mapping[str, Seen]:
        """The workers by address, as they were last seen."""
        return self._seen

    def client(self) -> Client:
        """Connected again if need be."""
        with self._changing:
            if self._client is not None and self._is_connected():
                return self._client
            self._lost = self._lost or self._client is not None
            self.close()
            with self._once():
                self._client = self._connected()
            self._seen_at = 0.0
            if self._lost:
                log.warning("the scheduler at %s answers again", self._address)
            self._lost = False
            return self._client

    def workers(self) -> Mapping[str, Seen]:
        """By their address."""
        with self._changing:
            if time.monotonic() - self._seen_at > FRESH or not self._is_connected():
                with self._once():
                    self._seen = self._looked()
                self._seen_at = time.monotonic()
            return self._seen

    def look_again(self) -> None:
        self._seen_at = 0.0

    def busy(self) -> set[str]:
        """Workers that have something to do, of whomever."""
        client = self.client()
        with self._answered():
            return {address for address, keys in client.processing().items() if keys}

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close(timeout=2)

    @contextmanager
    def _once(self) -> Iterator[None]:
        """Raises at once, and the same, where what is inside failed a moment ago."""
        if self._failed is not None and time.monotonic() - self._failed[0] < RETRY:
            raise self._failed[1].with_traceback(None)
        try:
            yield
        except HeldoutError as error:
            self._failed = time.monotonic(), error
            raise
        self._failed = None

    def _is_connected(self) -> bool:
        return self._client is not None and self._client.status == "running"

    def _looked(self) -> dict[str, Seen]:
        client = self.client()
        with self._answered():
            scheduler: Any = client.scheduler
            told = client.sync(scheduler.identity, n_workers=-1, callback_timeout=CONNECT)
        found: dict[str, Seen] = {}
        refused: dict[str, str] = {}
        for address, each in told["workers"].items():
            words = versions.differing(each.get("heldout") or {})
            if words:
                refused[each["name"]] = words
            elif each["status"] == "running":
                resource = next(iter(each["resources"]), "")
                found[address] = Seen(address, each["name"], resource)
        for name in refused.keys() - self._refused.keys():
            log.warning("%s", versions.refusal(name, refused[name]))
        self._refused = refused
        return found

    def _connected(self) -> Client:
        knock(self._address, self._security)
        with self._answered():
            client = Client(
                str(self._address),
                security=self._security,
                timeout=CONNECT,
                set_as_default=False,
                name="heldout-grade",
            )
        client.subscribe_topic(self.topic, lambda event: self._hear(event[1]))
        return client

    def _answered(self) -> "Answered":
        return Answered(self._address)


class Answered:
    """Turns what goes wrong on the way into words."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: object) -> None:
        if error is None or isinstance(error, HeldoutError) or not isinstance(error, Exception):
            return
        raise Unavailable(
            f"the scheduler at {self._address} doesn't answer",
            where=f"{type(error).__name__}: {error}"[:300],
            expected="a scheduler, with certificates of the same authority"
            if self._address.is_encrypted
            else "a scheduler",
            next_step="start it: `heldout scheduler ADDRESS`; what was running is graded again, at no cost",
        ) from error
