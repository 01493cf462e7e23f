"""Settings that change while a process runs: who asks has today's, and never half of them."""

import logging
from pathlib import Path

import pytest

from grader.bench import CourseSupply
from grader.course import CONFIG, Config, Settings, init, open_course
from grader.errors import UnknownAssignment
from grader.spec import RunKind
from grader.task import Terms

SLUG = "denoising"
HEAD = "format = 1\n"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return init(tmp_path / "course", Config(assignments={SLUG: Settings(wall_seconds=50)})).folder / CONFIG


@pytest.fixture
def supply(settings: Path) -> CourseSupply:
    return CourseSupply(open_course(settings.parent))


def wall_seconds(supply: CourseSupply) -> float:
    return Terms.of(supply.settled(SLUG)).on("cpu", RunKind.EVALUATE).limits.wall_seconds


def test_a_grader_hears_of_limits_and_of_assignments(settings: Path, supply: CourseSupply) -> None:
    assert wall_seconds(supply) == 50
    with pytest.raises(UnknownAssignment):
        supply.settled("mnist1d")
    settings.write_text(f"{HEAD}[assignments.{SLUG}]\nwall_seconds = 70\n[assignments.mnist1d]\n")
    assert wall_seconds(supply) == 70
    assert supply.settled("mnist1d").slug == "mnist1d"


@pytest.mark.parametrize("text", [f"{HEAD}[assignments", f"{HEAD}[assignments.{SLUG}]\nwall_seconds = -1\n"])
def test_what_can_not_be_read_leaves_all_as_it_was_and_is_told_of_once(
    settings: Path, supply: CourseSupply, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert wall_seconds(supply) == 50
    settings.write_text(text)
    with caplog.at_level(logging.WARNING):
        assert [wall_seconds(supply) for _ in range(3)] == [50, 50, 50]
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith("the settings from before stay in force")
    assert str(settings) in told
    settings.write_text(f"{HEAD}[assignments.{SLUG}]\nwall_seconds = 90\n")
    assert wall_seconds(supply) == 90


def test_a_file_that_is_being_written_is_no_change_yet(
    settings: Path, supply: CourseSupply, caplog: pytest.LogCaptureFixture
) -> None:
    """Editors empty it, or put another in its place."""
    settings.rename(settings.with_suffix(".old"))
    assert wall_seconds(supply) == 50
    settings.touch()
    assert wall_seconds(supply) == 50
    assert caplog.records == []
