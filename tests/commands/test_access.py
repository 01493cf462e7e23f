"""Verbs that let people in, as an instructor types them."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import heldout
from grader.course import Config, Course, Settings, init
from grader.errors import Denied, HeldoutError, NotFound
from leaderboard.membership import Role
from leaderboard.store import Store
from tests.leaderboard.cases import ADA, BOB


@pytest.fixture
def course(tmp_path: Path) -> Course:
    made = init(tmp_path / "course", Config(title="Deep Learning", assignments={"denoising": Settings()}))
    with Store.create(made.database) as store:
        store.import_roster([ADA, BOB])
    return made


def typed(course: Course, *words: str) -> str:
    result = CliRunner().invoke(heldout, [*words, "--course", str(course.folder)], env={"COLUMNS": "80"})
    if isinstance(result.exception, HeldoutError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_an_instructor_lets_a_class_in(course: Course) -> None:
    typed(course, "roster", "staff", "Grace Hopper", "grace@example.org", "grace", "--role", "instructor")
    lines = list(csv.DictReader(io.StringIO(typed(course, "token", "reset", "--all", "--format", "csv"))))
    assert [(line["name"], line["email"], line["username"]) for line in lines] == [
        ("Grace Hopper", "grace@example.org", "grace"),
        ("Ada Lovelace", "ada@example.org", "ada"),
        ("Bob", "bob@example.org", "bob"),
    ]
    with Store.open(course.database) as store:
        roles = [store.access.log_in(line["token"], kind="client")[0].role for line in lines]
    assert roles == [Role.INSTRUCTOR, Role.STUDENT, Role.STUDENT]


def test_a_token_is_printed_whole_however_narrow_the_terminal(course: Course) -> None:
    shown = typed(course, "token", "reset", "ada", "--hours", "0.5")
    [row] = json.loads(typed(course, "token", "reset", "bob", "--format", "json"))
    secrets = [word for word in shown.split() if word.startswith("hi_")]
    with Store.open(course.database) as store:
        for secret, username in ((secrets[0], "ada"), (row["token"], "bob")):
            assert store.access.log_in(secret, kind="session")[0].username == username


def test_revoking_logs_out(course: Course) -> None:
    [row] = json.loads(typed(course, "token", "reset", "ada", "--format", "json"))
    assert typed(course, "token", "revoke", "ada") == "ada is logged out; 1 token ended.\n"
    with Store.open(course.database) as store, pytest.raises(Denied):
        store.access.log_in(row["token"], kind="client")
    with pytest.raises(NotFound):
        typed(course, "token", "revoke", "eve")


def test_the_roster_lists_staff_and_students(course: Course) -> None:
    typed(course, "roster", "staff", "Grace", "grace@example.org", "grace", "--role", "observer")
    typed(course, "token", "reset", "ada")
    rows = json.loads(typed(course, "roster", "list", "--format", "json"))
    assert [(row["username"], row["role"], row["teamName"]) for row in rows] == [
        ("grace", "observer", None),
        ("ada", "student", "Ada Lovelace"),
        ("bob", "student", "Bob"),
    ]
    assert [row["invitedUntil"] is None for row in rows] == [True, False, True]
    shown = typed(course, "roster", "list")
    assert "Ada Lovelace" in shown
    assert max(map(len, shown.splitlines())) <= 80
    typed(course, "roster", "remove", "grace")
    assert "grace" not in typed(course, "roster", "list")


@pytest.mark.parametrize("words", [[], ["ada", "--all"], ["ada", "--hours", "0"], ["ada", "--hours", "x"]])
def test_what_can_not_be_meant(course: Course, words: list[str]) -> None:
    result = CliRunner().invoke(heldout, ["token", "reset", *words, "--course", str(course.folder)])
    assert result.exit_code == 2
