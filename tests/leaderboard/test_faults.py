"""kill -9 at random moments while a class submits, and a whole class in the last minute: nothing is lost."""

import random
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leaderboard.records import Receipt, TeamKind
from tests.leaderboard.audit import audit, check_receipts, read
from tests.leaderboard.crowd import CLIENTS, Given, Siege
from tests.leaderboard.rush import PROCESSES, THREADS, rush
from tests.leaderboard.victims import STAGES, Course

pytestmark = pytest.mark.thorough


@pytest.fixture
def course(url: str, tmp_path: Path) -> Course:
    """Teams, and a shelf; on a real disk, but for PostgreSQL."""
    if url.startswith("sqlite"):
        url = f"sqlite:///{shutil.copy(url.removeprefix('sqlite:///'), tmp_path)}"
    made = Course(url, tmp_path / "shelf")
    made.shelf.mkdir()
    with made.store() as store:
        for number in range(PROCESSES * THREADS):
            store.ensure_team(f"team {number}", TeamKind.STUDENT)
    return made


def backend(course: Course) -> str:
    return course.url.partition(":")[0]


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.soak)])
def test_kills_at_random_moments_lose_nothing(kills: int, course: Course) -> None:
    siege, started = Siege(course, random.Random(kills)), time.monotonic()
    with siege.clients():
        for _ in range(kills):
            siege.wait_for(len(siege.given) + 1)  # the course goes on
            time.sleep(siege.rng.uniform(0.0, 0.3))
            siege.kill()
    siege.finish()
    found = audit(course, siege.given)
    seconds = time.monotonic() - started
    print(f"\n{kills} kills in {seconds:.0f} s of {CLIENTS} clients on {backend(course)}: {found}")
    for stage, count in sorted(siege.killed.items()):
        print(f"  {stage.name.lower():<10}{count:>4}  {count / kills:>4.0%}")
    assert all(siege.killed[stage] >= kills / 10 for stage in STAGES)
    assert all(refusal.startswith("not received: ") for refusal in siege.refusals), siege.refusals
    assert len(list(course.shelf.rglob(".incoming-*"))) <= sum(siege.killed.values())


@pytest.mark.parametrize("each", [6, pytest.param(60, marks=pytest.mark.soak)])
def test_a_rush_at_the_deadline_loses_nobody(each: int, course: Course) -> None:
    """50 clients at once; the deadline passes when nine tenths are in."""
    deadline, started = datetime.now(UTC) + timedelta(hours=1), time.monotonic()
    handed = rush(course, deadline, each)
    seconds, total = time.monotonic() - started, PROCESSES * THREADS * each
    given = [Given(one.answer, one.team, one.data) for one in handed if isinstance(one.answer, Receipt)]
    refused = [one.answer.partition("\n")[0] for one in handed if isinstance(one.answer, str)]
    slowest = max(one.seconds for one in handed)
    print(f"\n{total:,} submissions in {seconds:.1f} s on {backend(course)}, {total / seconds:.0f} a second,")
    print(f"  {len(refused)} of them late; the slowest took {slowest:.1f} s")
    assert len(handed) == total
    assert set(refused) <= {"not received: the assignment is closed"}
    assert len(given) >= 0.9 * total
    assert all((one.arrived > deadline) is isinstance(one.answer, str) for one in handed)
    assert all(one.receipt.received_at <= deadline for one in given)
    check_receipts(course, given, read(course)[0])
