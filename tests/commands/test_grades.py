"""The gradebook's verbs, as an instructor types them."""

import csv
import json
import stat
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from cli import heldout
from grader.course import Config, Course, Settings, init
from grader.errors import HeldoutError
from leaderboard.records import Student
from leaderboard.store import Store
from tests.leaderboard.cases import ADA, BOB, judge, scored, send

HOSTILE = Student('=cmd|"/c calc",李飞飞', "z@example.org", "zoe", "Zoë")
POLICY = """
title = "Deep Learning"
letters = { A = 90, B = 80, C = 50, F = 0 }
slack = { days = 3 }

[[items]]
name = "HW1"
kind = "score"
assignment = "denoising"
curve = [[17, 50], [19, 100]]
bonus = { best = 105, ranks = [[1, 1]] }

[[items]]
name = "Essay"
kind = "given"
points = 20
"""


class Desk:
    """A course folder, and what is typed before it."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.said = ""

    def type(self, *words: object, **options: Any) -> str:
        """What is printed. Raises HeldoutError."""
        arguments = ["grades", *map(str, words), "--course", str(self.course.folder)]
        result = CliRunner().invoke(heldout, arguments, env={"COLUMNS": "80", "NO_COLOR": "1"}, **options)
        if isinstance(result.exception, HeldoutError):
            raise result.exception
        assert result.exit_code == 0, result.output
        if "--format" not in words:
            ours = [line for line in result.stdout.splitlines() if not line.startswith("wrote ")]
            assert max(map(len, ours), default=0) <= 80, result.stdout
        self.said = result.stderr
        return result.stdout

    def rows(self, *words: object) -> list[dict[str, Any]]:
        """A listing as JSON; as CSV it has the same columns."""
        listed: list[dict[str, Any]] = json.loads(self.type(*words, "--format", "json"))
        cells = list(csv.DictReader(self.type(*words, "--format", "csv").splitlines()))
        assert [list(row) for row in cells] == [list(row) for row in listed]
        return listed

    def refused(self, *words: str) -> str:
        """What is said of words that contradict themselves."""
        result = CliRunner().invoke(heldout, ["grades", *words, "--course", str(self.course.folder)])
        assert result.exit_code == 2, result.output
        return " ".join(result.output.split())


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Ada has 18 and Bob 20 on the private board, Zoë nothing."""
    course = init(tmp_path / "course", Config(assignments={"denoising": Settings(items=64)}))
    (course.folder / "grades.toml").write_text(POLICY)
    with Store.create(course.database) as store:
        store.import_roster([ADA, BOB, HOSTILE])
        for team, value in ((ADA.team, 18.0), ("Bob", 20.0)):
            send(store, team)
            judge(store, scored(value, private=value))
    monkeypatch.chdir(tmp_path)
    return Desk(course)


def test_preview_apply_and_preview_again(desk: Desk) -> None:
    printed = desk.type("preview")
    assert "Nothing is applied yet" in printed
    assert "3 students: mean" in printed
    assert "80–90" in printed
    [ada, bob, zoe] = sorted(desk.rows("preview"), key=lambda row: str(row["username"]))
    assert (ada["HW1"], ada["Essay"], ada["total"], ada["percent"], ada["letter"]) == (
        75.0,
        0.0,
        75.0,
        62.5,
        "C",
    )
    assert (bob["HW1"], zoe["HW1"], zoe["letter"]) == (106.0, 0.0, "F")
    assert "New or changed grades: 9." in desk.type("apply")
    assert "Nothing has changed for 3 students" in desk.type("apply")
    assert "0 of 3 students would have other points" in desk.type("preview")


def test_another_policy_is_looked_at_before_it_is_applied(desk: Desk, tmp_path: Path) -> None:
    desk.type("apply")
    kinder = tmp_path / "kinder.toml"
    kinder.write_text(POLICY.replace("[17, 50]", "[17, 60]"))
    assert "1 of 3 students would have other points" in desk.type("preview", "--policy", kinder)
    [ada] = [row for row in desk.rows("preview", "--policy", kinder) if row["username"] == "ada"]
    assert (ada["HW1"], ada["applied"], ada["changed"]) == (80.0, 75.0, ["HW1"])
    assert "0 of 3" in desk.type("preview"), "nothing was applied"


def test_a_picture(desk: Desk, tmp_path: Path) -> None:
    picture = tmp_path / "class.svg"
    assert "wrote " in desk.type("preview", "--picture", picture, "--format", "csv") + desk.said
    root = ElementTree.parse(picture).getroot()
    said = [element.text for element in root.iter("{http://www.w3.org/2000/svg}desc")]
    assert said == ["3 students: mean 50.3 %, median 62.5 %, from 0.0 % to 88.3 %."]
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"A", "B", "C", "Deep Learning"} <= texts


def test_explain_tells_every_step(desk: Desk) -> None:
    printed = desk.type("explain", "BOB")
    for step in (
        "psnr 20.000 dB (submission #2)",
        "105 at 20.000 dB: 105 points",
        "rank 1 of the class: +1 points",
    ):
        assert step in printed
    assert "3 slack days are left" in printed
    assert desk.type("explain", "bob@example.org") == printed
    rows = desk.rows("explain", "bob")
    assert [row["item"] for row in rows] == ["HW1", "Essay", "total"]
    with pytest.raises(HeldoutError, match="there is no student 'eve'"):
        desk.type("explain", "eve")


def test_enter_and_history(desk: Desk, tmp_path: Path) -> None:
    assert "1 of 1 entered" in desk.type("enter", "essay", "ada", "15.5", "-m", "read it")
    desk.type("apply")
    desk.type("enter", "HW1", "ada", "99", "-m", "was ill")
    desk.type("apply")
    desk.type("enter", "HW1", "ada", "--undo", "-m", "was not")
    many = tmp_path / "essays.csv"
    many.write_text("student;item;points\nbob;Essay;20\nada;Essay;\n")
    assert "2 of 2 entered" in desk.type("enter", "--from", many, "-m", "marked")
    desk.type("apply")
    [ada, bob, _] = sorted(desk.rows("preview"), key=lambda row: str(row["username"]))
    assert (ada["HW1"], ada["Essay"], bob["Essay"]) == (75.0, 0.0, 20.0)
    printed = desk.type("history", "ada")
    assert "taken back" in printed
    assert "was ill" in printed
    told = [
        (row["item"], row["kind"], row["total"])
        for row in desk.rows("history", "ada")
        if row["item"] == "HW1"
    ]
    assert told == [
        ("HW1", "applied", 75.0), ("HW1", "entered", 99.0), ("HW1", "applied", 99.0),
        ("HW1", "entered", None), ("HW1", "applied", 75.0),
    ]  # fmt: skip
    assert len(desk.rows("history", "ada")[0]["policy"] or "") in (0, 64)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("enter", "HW1", "-m", "x"), "name ITEM STUDENT POINTS"),
        (("enter", "HW1", "ada", "-m", "x"), "name ITEM STUDENT POINTS"),
        (("enter", "HW1", "ada", "1", "--undo", "-m", "x"), "name ITEM STUDENT POINTS"),
        (("enter", "-m", "x"), "name ITEM STUDENT POINTS"),
        (("enter", "HW1", "ada", "1"), "Missing option '-m'"),
        (("export", "--format", "moodle-worksheet"), "--item NAME belongs to"),
        (("export", "--format", "csv", "--item", "HW1"), "--item NAME belongs to"),
        (("export", "--format", "parquet", "--into", "x.csv"), "--into is of Moodle's and Canvas's files"),
    ],
)
def test_what_contradicts_itself_is_refused(desk: Desk, words: tuple[str, ...], said: str) -> None:
    assert said in desk.refused(*words)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("student,points\nada,1\n", "no header with item, student, points"),
        ("item,student,points\n", "has no lines"),
        ("item,student,points\nEssay,ada,many\n", "'many' is no number"),
        ("item,student,points\nEssay,ada,1,2\n", "row 2 has 4 cells"),
        ('item,student,points\nEssay,"ada,1\n', "can't be read"),
        ("item,student,points\nEssay,ada,1\nEssay,ada,2\n", "is there twice"),
    ],
)
def test_a_file_of_points_is_taken_whole_or_not(desk: Desk, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "points.csv"
    file.write_text(text)
    with pytest.raises(HeldoutError, match=said):
        desk.type("enter", "--from", file, "-m", "marked")
    assert desk.rows("history", "ada") == []


def test_what_is_missing_is_said(desk: Desk) -> None:
    with pytest.raises(HeldoutError, match="no grades are applied yet"):
        desk.type("export")
    (desk.course.folder / "grades.toml").unlink()
    with pytest.raises(HeldoutError, match="the course has no grading policy"):
        desk.type("preview")


def test_a_policy_that_was_applied_is_not_lost_with_its_file(desk: Desk) -> None:
    """A backup has it: it is in the database."""
    desk.type("apply")
    (desk.course.folder / "grades.toml").unlink()
    assert "0 of 3 students would have other points" in desk.type("preview")
    assert desk.said.startswith("There is no grades.toml: this is the policy ")
    assert "Nothing has changed" in desk.type("apply")


def test_late_work_that_nobody_takes_is_named(desk: Desk) -> None:
    late = 'assignment = "denoising"\nlate = { percent = 10 }'
    (desk.course.folder / "grades.toml").write_text(POLICY.replace('assignment = "denoising"', late))
    with (desk.course.folder / "course.toml").open("a") as file:
        file.write("[assignments.denoising.rules]\ndeadline = 2030-11-20T18:00:00Z\n")
    desk.type("preview")
    assert desk.said == "Nothing comes in late for HW1: course.toml has no late_until there.\n"
    with (desk.course.folder / "course.toml").open("a") as file:
        file.write("late_until = 2030-11-21T18:00:00Z\n")
    desk.type("preview")
    assert desk.said == ""


def test_a_class_without_students(tmp_path: Path) -> None:
    course = init(tmp_path / "course", Config(assignments={"denoising": Settings(items=64)}))
    (course.folder / "grades.toml").write_text(POLICY)
    Store.create(course.database).close()
    printed = Desk(course).type("preview", "--picture", tmp_path / "none.svg")
    assert "Nobody has a grade yet." in printed
    assert "to the class of 0." in Desk(course).type("apply")
    assert Desk(course).rows("preview") == []


def test_export_to_files_and_to_standard_output(desk: Desk, tmp_path: Path) -> None:
    desk.type("apply")
    printed = desk.type("export", "--format", "csv")
    assert "Not revealed yet, and told by these points: HW1." in desk.said
    [ada] = [row for row in csv.DictReader(printed.splitlines()) if row["username"] == "ada"]
    assert (ada["HW1"], ada["letter"], ada["percent"]) == ("75.0", "C", "62.5")
    target = tmp_path / "out.csv"
    assert desk.type("export", "-o", target, "--format", "csv") == f"wrote {target}\n"
    assert target.read_text() == printed
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert desk.type("export", "--format", "moodle").startswith(
        "First name,Last name,Username,Email address,HW1 (Real)"
    )
    assert "    Points Possible,,,,,100.00,20.00" in desk.type("export", "--format", "canvas")
    assert "Canvas makes a new assignment of each column" in desk.said
    assert desk.type("export", "--format", "parquet") == "wrote grades.parquet\n"
    assert desk.type("export", "--format", "nbgrader") == "wrote gradebook.db\n"


def test_a_worksheet_is_filled_in(desk: Desk, tmp_path: Path) -> None:
    desk.type("apply")
    sheet = tmp_path / "worksheet.csv"
    sheet.write_text(
        "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
        "Last modified (grade),Feedback comments\n"
        "Participant 7,Ada,ada@example.org,Submitted,,100.00,Yes,-,\n"
    )
    words = ("export", "--format", "moodle-worksheet", "--into", sheet, "--item", "hw1")
    [row] = csv.DictReader(desk.type(*words).splitlines(keepends=True))
    assert (row["Identifier"], row["Grade"]) == ("Participant 7", "75.00")
    assert row["Feedback comments"].startswith("psnr 18.000 dB (submission #1)\n")
    assert "Not in the file: bob, zoe." in desk.said
    with pytest.raises(HeldoutError, match="the policy has no item 'HW7'"):
        desk.type(*words[:-1], "HW7")
