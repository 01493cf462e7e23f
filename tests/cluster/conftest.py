"""A small course, made once and copied; clusters that are gone when their test is."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster import certificates
from grader import catalogue, prepared
from grader.course import Config, Course, Settings, init, open_course
from leaderboard.store import Store
from tests.cluster.fleet import SLUG, Fleet, free_port
from tests.leaderboard.conftest import Server, postgresql

__all__ = ["Server", "postgresql"]
Make = Callable[..., Fleet]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = init(tmp_path_factory.mktemp("made") / "course", Config(assignments={SLUG: Settings(items=64)}))
    prepared.prepare(course, course.settle(catalogue.find(SLUG)))
    Store.create(course.database).close()
    rules = '[assignments.mnist1d]\nitems = 64\n[assignments.mnist1d.rules]\ndaily = "unlimited"\n'
    text = f'format = 1\n{rules}pending = "unlimited"\n'
    (course.folder / "course.toml").write_text(text)
    return course.folder


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers") / "certificates"
    certificates.make(folder, ["10.77.0.1"])
    return folder


@pytest.fixture(scope="session")
def make_fleet(made: Path, papers: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """A course of its own, and an address where no scheduler is yet; `database` is where its ledger is."""
    fleets: list[Fleet] = []

    def make(*, tls: bool = False, host: str = "127.0.0.1", database: str = "") -> Fleet:
        folder = tmp_path_factory.mktemp("fleet")
        course = copied(made, folder / "course", database)
        address = f"{'tls' if tls else 'tcp'}://{host}:{free_port()}"
        fleets.append(Fleet(course, folder, address, papers if tls else None))
        return fleets[-1]

    yield make
    for fleet in fleets:
        fleet.stop()


@pytest.fixture
def fleet(make_fleet: Make) -> Iterator[Fleet]:
    """One that is plain, and has a scheduler."""
    found = make_fleet()
    found.scheduler()
    yield found
    found.stop()


def copied(made: Path, folder: Path, database: str = "") -> Course:
    shutil.copytree(made, folder)
    folder.chmod(0o700)
    settings = folder / "course.toml"
    if database:
        line = f'format = 1\ndatabase = "{database}"\n'
        settings.write_text(settings.read_text().replace("format = 1\n", line))
    return open_course(folder)
