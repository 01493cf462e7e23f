"""A course folder whose verbs are typed."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli import heldout
from grader.course import Config, Course, Settings, init
from grader.errors import HeldoutError
from leaderboard.records import Student
from leaderboard.store import Store
from tests.leaderboard.cases import ADA, BOB, judge, scored, send

START = datetime(2026, 11, 16, 9, tzinfo=UTC)
LONG = Student(
    "Zoë 李飞飞 of a very long name indeed, von und zu Hohenstein", "z@example.org", "zoe", "Zoë 李飞飞"
)
RULES = """
[assignments.denoising.rules]
deadline = 2030-11-20T18:00:00Z
team_size = 2
counts = "selected"
"""


@dataclass
class Desk:
    """A course folder, and what is typed before it."""

    course: Course
    store: Store

    def type(self, *words: object) -> str:
        """What is printed. Raises HeldoutError."""
        arguments = [*map(str, words), "--course", str(self.course.folder)]
        result = CliRunner().invoke(heldout, arguments, env={"COLUMNS": "80", "NO_COLOR": "1"})
        if isinstance(result.exception, HeldoutError):
            raise result.exception
        assert result.exit_code == 0, result.output
        if "--format" not in words:
            assert max(map(len, result.stdout.splitlines()), default=0) <= 80, result.stdout
        return result.stdout

    def rows(self, *words: object) -> list[dict[str, Any]]:
        """A listing as JSON; as CSV it has the same columns and lines."""
        listed: list[dict[str, Any]] = json.loads(self.type(*words, "--format", "json"))
        cells = list(csv.DictReader(self.type(*words, "--format", "csv").splitlines()))
        assert [list(row) for row in cells] == [list(row) for row in listed]
        return listed

    def configure(self, old: str, new: str) -> None:
        path = self.course.folder / "course.toml"
        path.write_text(path.read_text().replace(old, new))

    def board(self, *words: str) -> dict[str, float]:
        listed = json.loads(self.type("leaderboard", "denoising", *words, "--format", "json"))
        return {row["team"]: row["score"] for row in listed}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Ada has two scored submissions, Bob one, Zoë one that waits."""
    course = init(tmp_path / "course", Config(assignments={"denoising": Settings(items=64)}))
    with (course.folder / "course.toml").open("a") as file:
        file.write(RULES)
    with Store.create(course.database) as store:
        store.import_roster([ADA, BOB, LONG])
        for team, value in ((ADA.team, 17.0), (ADA.team, 18.0), ("Bob", 19.0)):
            send(store, team)
            judge(store, scored(value, private=value - 1))
        send(store, LONG.team)
        yield Desk(course, store)
