"""Fixtures that several folders share: real data at the small profile, a real sandbox."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from grader import catalogue
from grader.prepared import Data
from grader.sandbox import Sandbox
from grader.sandbox.probe import choose
from grader.spec import Assignment

ITEMS = 256  # the small profile


@pytest.fixture(scope="session")
def denoising() -> Assignment:
    return catalogue.find("denoising")


@pytest.fixture(scope="session")
def denoising_data(denoising: Assignment) -> Data:
    prepared = denoising.prepare(None, 1, ITEMS)
    return Data(prepared.public, prepared.heldout, "0" * 64)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with closing(choose("auto")) as chosen:
        yield chosen


@pytest.fixture(scope="session")
def cases() -> Path:
    return Path(__file__).parent / "cases"
