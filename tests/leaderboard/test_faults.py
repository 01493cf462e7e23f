"""kill -9 at random moments while a class submits, and a whole class in the last minute: nothing is lost."""

import random
import time
from pathlib import Path

import pytest

from leaderboard.records import TeamKind
from tests.leaderboard.audit import audit
from tests.leaderboard.crowd import CLIENTS, Siege
from tests.leaderboard.victims import STAGES, Course


@pytest.fixture
def course(url: str, tmp_path: Path) -> Course:
    """Teams, and a shelf on a real disk."""
    made = Course(url, tmp_path / "shelf")
    made.shelf.mkdir()
    with made.store() as store:
        for number in range(50):
            store.ensure_team(f"team {number}", TeamKind.STUDENT)
    return made


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.soak)])
def test_kills_at_random_moments_lose_nothing(kills: int, course: Course) -> None:
    siege, started = Siege(course, random.Random(kills)), time.monotonic()
    with siege.clients():
        for _ in range(kills):
            time.sleep(siege.rng.uniform(0.0, 0.6))
            siege.kill()
    siege.finish()
    found = audit(course, siege.given)
    seconds = time.monotonic() - started
    print(
        f"\n{kills} kills in {seconds:.0f} s of {CLIENTS} clients on {course.url.partition(':')[0]}: {found}"
    )
    for stage, count in sorted(siege.killed.items()):
        print(f"  {stage.name.lower():<10}{count:>4}  {count / kills:>4.0%}")
    assert all(siege.killed[stage] >= kills / 10 for stage in STAGES)
    assert all(refusal.startswith("not received: ") for refusal in siege.refusals), siege.refusals
    assert len(list(course.shelf.rglob(".incoming-*"))) <= sum(siege.killed.values())
