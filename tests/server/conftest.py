"""Courses that are served: one that is only looked at, and fresh ones to act upon."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.world import Made, Mark, World, fill, make, served

ENOUGH = 256 << 20  # bytes


@pytest.fixture(scope="session")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where there is one: commits wait for the disk, and tests needn't."""
    if not os.access("/dev/shm", os.W_OK) or shutil.disk_usage("/dev/shm").free < ENOUGH:  # noqa: S108
        yield tmp_path_factory.mktemp("courses")
        return
    made = Path(tempfile.mkdtemp(prefix="heldout-", dir="/dev/shm"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def empty(memory: Path) -> Made:
    """Nothing is handed in. To be copied: making one takes longer than most tests."""
    return make(memory / "empty")


@pytest.fixture(scope="session")
def full(empty: Made, memory: Path) -> Made:
    """The same, with what Ada and Bob handed in."""
    return fill(empty, Mark(), memory / "full")


@pytest.fixture
def room(memory: Path) -> Iterator[Path]:
    """A folder that goes with the test."""
    made = Path(tempfile.mkdtemp(dir=memory))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def world(empty: Made, room: Path) -> Iterator[World]:
    """To act upon; nothing is handed in."""
    with served(empty, room / "course") as found:
        yield found


@pytest.fixture(scope="module")
def filled(full: Made, memory: Path) -> Iterator[World]:
    """To look at: one for each file of tests."""
    with served(full, Path(tempfile.mkdtemp(dir=memory)) / "course") as found:
        yield found
