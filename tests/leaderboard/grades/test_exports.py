"""What other programs are given: exact columns, nothing that runs, everything read back as it was."""

import csv
import io
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.errors import HeldoutError
from leaderboard.grades.exports import canvas, mirror, moodle, plain
from leaderboard.grades.exports.spreadsheet import (
    FORMULA,
    NUMBER,
    Table,
    parse_table,
    protect,
    restore,
    write_table,
)
from leaderboard.grades.facts import Pupil
from leaderboard.grades.policy_file import parse_policy
from leaderboard.grades.records import Applied, Book, GradeEvent
from tests.leaderboard.grades.classes import GIVEN, ITEM

AT = datetime(2026, 11, 20, 18, tzinfo=UTC)
NAMES = {
    "ada": "Ada Lovelace",
    "cmd": '=cmd|"/c calc"!A1',
    "comma": 'Lovelace, Ada; "the\tfirst"',
    "plus": "+49 30 1234",
    "quote": "'=1+1",
    "li": "李飞飞 Zoë O'Neil\r\n@SUM(A1)",
}
POINTS = {"ada": 97.5, "cmd": 105.0, "comma": 0.0, "plus": None, "quote": 33.333, "li": 50.0}
STEPS = ("psnr 19.500 dB (submission #1)", "97.5 of 100 points")


def event(username: str, item: str, total: float | None, penalty: float = 0.0) -> GradeEvent:
    steps = STEPS if item == "HW1" else ("total",)
    raw = None if total is None else total / 120
    return GradeEvent(
        1, username, item, "applied", raw, total, penalty, total, 120.0 if item == "total" else 100.0, "A",
        0.0, "score denoising evaluate private", 1, 1, "f" * 64, "d" * 64, steps, "ines", AT,
    )  # fmt: skip


@pytest.fixture
def book() -> Book:
    students = [
        Applied(
            Pupil(number, username, name, f"{username}@example.org", name),
            {"HW1": event(username, "HW1", POINTS[username], 2.5)},
            event(username, "total", POINTS[username]),
        )
        for number, (username, name) in enumerate(NAMES.items(), start=1)
    ]
    return Book(parse_policy(ITEM + GIVEN), "ines", AT, students)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def dangerous(text: str) -> bool:
    return text.lstrip().startswith(tuple("=+-@＝＋－＠")) or text.startswith(("\t", "\r", "\n"))


def check_harmless(filled: str) -> None:
    for row in csv.reader(io.StringIO(filled, newline="")):
        for cell in row:
            assert not dangerous(cell) or NUMBER.fullmatch(cell) or cell == "-", cell


# ---------------------------------------------------------------- cells


@given(st.text(st.sampled_from("'=+-@\t\r\n a1.,;\"＝"), max_size=6) | st.text())
@example("'=1")
@example("''=1")
@example("'\t")
@example(" =1")
def test_what_is_protected_is_restored(text: str) -> None:
    safe = protect(text)
    assert restore(safe) == text
    assert not FORMULA.match(safe) or safe.startswith("'") or NUMBER.fullmatch(safe) or safe in ("+", "-")
    table = Table(["a", "b"], [[safe, "x"]])
    if "\x00" not in text:
        assert parse_table(write_table(table)) == table


@pytest.mark.parametrize("text", ["0", "-1.5", "+2", "1e5", "-3E-2"])
def test_numbers_stay_numbers(text: str) -> None:
    assert protect(text) == text


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_files_are_read_however_they_are_written(delimiter: str, tmp_path: Path) -> None:
    text = f'a{delimiter}b\r\n1{delimiter}"2\n3"\r\n4\r\n'
    table = parse_table(text)
    assert table == Table(["a", "b"], [["1", "2\n3"], ["4", ""]], delimiter)
    assert write_table(table) == text.replace("4\r\n", f"4{delimiter}\r\n")


# ---------------------------------------------------------------- plain


def test_csv_of_all(book: Book) -> None:
    text = plain.csv_text(book)
    check_harmless(text)
    found = rows(text)
    header = ["username", "name", "email", "team", "HW1", "Essay", "total", "possible", "percent", "letter"]
    assert list(found[0]) == header
    assert {row["username"]: restore(row["name"]) for row in found} == NAMES
    assert [row["HW1"] for row in found] == ["97.5", "105.0", "0.0", "", "33.333", "50.0"]
    assert found[0]["percent"] == "81.25"


def test_parquet_of_all(book: Book) -> None:
    found = pd.read_parquet(io.BytesIO(plain.parquet(book)))
    assert dict(zip(found["username"], found["name"], strict=True)) == NAMES
    assert found["HW1"].dtype == "float64"
    assert found["HW1"].isna().tolist() == [points is None for points in POINTS.values()]
    assert found.attrs == {"policy": book.file.sha256}


# ---------------------------------------------------------------- Moodle


def test_moodles_gradebook(book: Book) -> None:
    text = moodle.gradebook(book).text
    check_harmless(text)
    found = rows(text)
    assert list(found[0]) == [
        "First name", "Last name", "Username", "Email address", "HW1 (Real)", "HW1 (Feedback)",
        "Essay (Real)", "Essay (Feedback)", "total (Real)", "total (Feedback)",
    ]  # fmt: skip
    assert [row["Email address"] for row in found] == [f"{name}@example.org" for name in NAMES]
    assert (found[0]["HW1 (Real)"], found[0]["HW1 (Feedback)"]) == ("97.50", "\n".join(STEPS))
    assert (found[3]["HW1 (Real)"], found[3]["HW1 (Feedback)"]) == ("", ""), "both or none"


EXPORTED = (
    'First name,Surname,"Email address","Assignment: HW1 (Real)","Assignment: HW1 (Feedback)",'
    '"Course total (Real)","Last downloaded from this course"\r\n'
    "Ada,Lovelace,ADA@example.org,-,-,12.00,1795212000\r\n"
    "=Eve,Nobody,eve@example.org,7.00,good,12.00,1795212000\r\n"
    "Plus,One,plus@example.org,8.00,fine,12.00,1795212000\r\n"
)


def test_moodles_own_export_is_filled_in(book: Book) -> None:
    filled = moodle.fill_gradebook(book, parse_table(EXPORTED))
    check_harmless(filled.text)
    ada, eve, plus = rows(filled.text)
    assert list(ada) == next(csv.reader(EXPORTED.splitlines()))
    assert (ada["Assignment: HW1 (Real)"], ada["Assignment: HW1 (Feedback)"]) == ("97.50", "\n".join(STEPS))
    assert (ada["Email address"], ada["Course total (Real)"]) == ("ADA@example.org", "12.00")
    assert ada["Last downloaded from this course"] == "1795212000"
    assert (eve["Assignment: HW1 (Real)"], eve["First name"]) == ("7.00", "'=Eve")
    assert (plus["Assignment: HW1 (Real)"], plus["Assignment: HW1 (Feedback)"]) == ("8.00", "fine"), (
        "left out"
    )
    assert filled.warnings == (
        "Not in the file, and left out: Essay.",
        "Not in this course, and left as they were: eve@example.org.",
        "Not in the file: cmd, comma, li and 1 more.",
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Email address", "Mail", "no column for students' e-mail addresses"),
        ("HW1 (", "HW8 (", "no column for any item"),
        ("HW1 (Feedback)", "HW1 (Letter)", "HW1 \\(Real\\) without HW1 \\(Feedback\\)"),
    ],
)
def test_what_moodle_would_lose_is_refused(book: Book, old: str, new: str, said: str) -> None:
    with pytest.raises(HeldoutError, match=said):
        moodle.fill_gradebook(book, parse_table(EXPORTED.replace(old, new)))


WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Online text,"
    "Last modified (grade),Feedback comments\n"
    "Participant 11,Ada,ada@example.org,Submitted for grading,,100.00,Yes,=1+1,"
    '"Friday, 20 November 2026, 6:00 PM",\n'
    "Participant 12,Cmd,cmd@example.org,No submission,,100.00,Yes,,-,\n"
    "Participant 13,Li,li@example.org,No submission,3.00,100.00,No,,-,old\n"
    "Participant 14,Plus,plus@example.org,No submission,4.00,100.00,Yes,,-,old\n"
    "Participant 15,Eve,eve@example.org,No submission,5.00,100.00,Yes,,-,old\n"
)


def test_a_worksheet(book: Book) -> None:
    filled = moodle.fill_worksheet(book, "HW1", parse_table(WORKSHEET))
    check_harmless(filled.text)
    found = rows(filled.text)
    assert list(found[0]) == next(csv.reader(WORKSHEET.splitlines()))
    assert [row["Identifier"] for row in found] == [f"Participant {number}" for number in range(11, 16)]
    assert [row["Grade"] for row in found] == ["97.50", "105.00", "3.00", "4.00", "5.00"]
    assert [row["Feedback comments"] for row in found] == ["\n".join(STEPS)] * 2 + ["old"] * 3
    assert found[0]["Last modified (grade)"] == "Friday, 20 November 2026, 6:00 PM"
    assert filled.warnings == (
        "Moodle lets nobody change the grade of li@example.org: left as it was.",
        "Above the maximum, which Moodle skips without a word: cmd@example.org.",
        "Not in this course, and left as they were: eve@example.org.",
        "Not in the file: comma, quote.",
    )


def test_a_worksheet_of_another_language_keeps_its_comma(book: Book) -> None:
    found = rows(
        moodle.fill_worksheet(book, "HW1", parse_table(WORKSHEET.replace("100.00", '"100,00"'))).text
    )
    assert found[0]["Grade"] == "97,50"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Identifier", "Number", "no column Identifier"),
        ("Feedback comments", "Remarks", "no column Feedback comments"),
        ("Email address", "Mail", "no column Email address"),
        ("100.00", "10.00", "the worksheet is of 10 points, and HW1 of 100"),
    ],
)
def test_a_worksheet_that_does_not_fit(book: Book, old: str, new: str, said: str) -> None:
    with pytest.raises(HeldoutError, match=said):
        moodle.fill_worksheet(book, "HW1", parse_table(WORKSHEET.replace(old, new)))


# ---------------------------------------------------------------- Canvas


def test_canvas_without_its_numbers(book: Book) -> None:
    filled = canvas.gradebook(book)
    check_harmless(filled.text)
    header, possible, *students = csv.reader(io.StringIO(filled.text, newline=""))
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "HW1", "Essay"]
    assert possible == ["    Points Possible", "", "", "", "", "100.00", "20.00"]
    assert students[0] == ["Lovelace, Ada", "", "", "ada", "", "97.50", ""]
    assert "Canvas makes a new assignment" in filled.warnings[0]


CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,HW1 (4711),Essay (4712),Project (4713),Final Score\n"
    ",,,,,Manual Posting,,,\n"
    "    Points Possible,,,,,100.00,25.00,50.00,(read only)\n"
    '"Lovelace, Ada",101,,ADA,A,1.00,,3.00,50.00\n'
    '"=""=cmd""",102,S2,cmd@example.org,A,EX,,4.00,50.00\n'
    '"Nobody, Eve",103,,eve,A,9.00,,5.00,50.00\n'
    '"Lovelace, Ada",104,comma,,A,,,6.00,50.00\n'
    '"Student, Test",105,,5f3a,A,,,,\n'
)


def test_canvas_own_export_is_filled_in(book: Book) -> None:
    filled = canvas.fill_gradebook(book, parse_table(CANVAS))
    found = [row for row in rows(filled.text) if row["ID"]]
    assert filled.text.splitlines()[:3] == CANVAS.splitlines()[:3]
    assert [row["ID"] for row in found] == ["101", "102", "103", "104", "105"]
    assert [row["HW1 (4711)"] for row in found] == ["97.50", "EX", "9.00", "0.00", ""]
    assert [row["Project (4713)"] for row in found] == ["3.00", "4.00", "5.00", "6.00", ""]
    assert restore(found[1]["Student"]) == '="=cmd"'
    assert filled.warnings == (
        "Essay has 25 possible points in Canvas, and 20 here.",
        "Not in this course, and left as they were: Nobody, Eve.",
        "Not in the file: li, plus, quote.",
    )


def test_canvas_read_only_columns_are_not_written(book: Book) -> None:
    text = CANVAS.replace("100.00,25.00", "(read only),25.00")
    assert [row["HW1 (4711)"] for row in rows(canvas.fill_gradebook(book, parse_table(text)).text)][
        2
    ] == "1.00"


@pytest.mark.parametrize(
    ("old", "new"), [("HW1 (4711),Essay (4712)", "HW1,Essay"), ("Student,ID", "Name,ID")]
)
def test_a_file_that_is_not_canvas(book: Book, old: str, new: str) -> None:
    with pytest.raises(HeldoutError, match="no column for any item"):
        canvas.fill_gradebook(book, parse_table(CANVAS.replace(old, new)))


# ---------------------------------------------------------------- nbgrader


def test_nbgrader_exports_the_boards_points(book: Book, tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").write_text("of before")
    assert mirror.write_mirror(book, tmp_path / "gradebook.db") == tmp_path / "gradebook.db"
    assert [path.name for path in tmp_path.iterdir()] == ["gradebook.db"]
    programs = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    subprocess.run(
        [programs / "nbgrader", "export", "--to", "out.csv"],
        cwd=tmp_path, env=environment, check=True, capture_output=True,
    )  # fmt: skip
    found = {
        row["student_id"]: row
        for row in rows((tmp_path / "out.csv").read_text())
        if row["assignment"] == "HW1"
    }
    assert list(found["ada"])[-4:] == ["raw_score", "late_submission_penalty", "score", "max_score"]
    assert {name: float(row["score"]) for name, row in found.items()} == {
        name: points or 0.0 for name, points in POINTS.items()
    }
    assert (found["ada"]["raw_score"], found["ada"]["late_submission_penalty"]) == ("100.0", "2.5")
    assert found["comma"]["email"] == "comma@example.org"
    check_harmless((tmp_path / "out.csv").read_text())


@pytest.mark.parametrize("username", ["a,b", 'a"b', "=1"])
def test_a_username_that_nbgrader_cant_carry(book: Book, tmp_path: Path, username: str) -> None:
    odd = Book(book.file, "ines", AT, [Applied(Pupil(1, username, "Ada", "ada@example.org", "Ada"))])
    with pytest.raises(HeldoutError, match="can't carry the username"):
        mirror.write_mirror(odd, tmp_path / "gradebook.db")
    assert list(tmp_path.iterdir()) == []


def test_items_that_nbgrader_would_take_for_one(book: Book, tmp_path: Path) -> None:
    two = parse_policy(ITEM.replace("HW1", "HW 1") + ITEM.replace("HW1", "HW_1"))
    with pytest.raises(HeldoutError, match="two items would be HW_1 for nbgrader"):
        mirror.write_mirror(Book(two, "ines", AT, book.students), tmp_path / "gradebook.db")
