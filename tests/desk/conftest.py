"""A server of ours, and a desk that asks it without waiting."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from desk.connection import PATIENT, Patience
from desk.credentials import Login
from desk.remote import RemoteDesk
from tests.desk.fake import TOKEN, Fake, serving


@pytest.fixture
def fake() -> Iterator[Fake]:
    with serving() as found:
        yield found


@pytest.fixture
def slept() -> list[float]:
    """The seconds that `desk` would have waited."""
    return []


@pytest.fixture
def said() -> list[str]:
    """What `desk` said meanwhile."""
    return []


@pytest.fixture
def desk(fake: Fake, slept: list[float], said: list[str]) -> Iterator[RemoteDesk]:
    with RemoteDesk(Login(fake.url, TOKEN), said=said.append, patience=at_once(slept)) as found:
        yield found


def at_once(slept: list[float]) -> Patience:
    return replace(PATIENT, sleep=slept.append)
