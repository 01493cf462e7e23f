"""Fixtures that several folders share: real data at the small profile, a real sandbox."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache

import pytest

from grader import catalogue
from grader.prepared import Data
from grader.sandbox import Sandbox
from grader.sandbox.probe import choose
from grader.sanity import small_data
from grader.spec import Assignment


@pytest.fixture(scope="session")
def denoising() -> Assignment:
    return catalogue.find("denoising")


@pytest.fixture(scope="session")
def small() -> Callable[[str], Data]:
    """Draws an assignment's data at the small profile, each once."""

    @cache
    def drawn(slug: str) -> Data:
        return small_data(catalogue.find(slug))

    return drawn


@pytest.fixture(scope="session")
def denoising_data(small: Callable[[str], Data]) -> Data:
    return small("denoising")


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with closing(choose("auto")) as chosen:
        yield chosen
