"""The whole way through the command line, on real data and in the real sandbox, as its users see it."""

import csv
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[1]
HELDOUT = Path(sys.executable).parent / "heldout"
CASES = HOME / "assignments" / "denoising" / "sanity"

Run = subprocess.CompletedProcess[str]


def heldout(*words: object, course: Path | None = None, cwd: Path = HOME, **variables: str) -> Run:
    environment = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1", **variables}
    if course is not None:
        environment["HELDOUT_COURSE"] = str(course)
    command = [str(HELDOUT), *map(str, words)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        timeout=900,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def course() -> Iterator[Path]:
    """A small course with two graded submissions: an honest one, and one of the wrong shape."""
    folder = Path(tempfile.mkdtemp()) / "course"
    assert heldout("course", "init", folder, "--items", 256, "--assignment", "denoising").returncode == 0
    roster = folder.parent / "roster.csv"
    roster.write_text("name,email\nAda Lovelace,ada@example.org\nBrook <b>,brook@example.org\n")
    assert heldout("roster", "import", roster, course=folder).returncode == 0
    ada = heldout(
        "submit", "denoising", "-f", CASES / "honest", "--team", "Ada Lovelace", "-m", "one", course=folder
    )
    assert ada.returncode == 0, ada.stderr
    brook = heldout(
        "submit",
        "denoising",
        "-f",
        CASES / "wrong_shape",
        "--team",
        "Brook <b>",
        "-m",
        "=cmd|x",
        course=folder,
    )
    assert brook.returncode == 0, brook.stderr
    graded = heldout("grade", course=folder)
    assert graded.returncode == 0, graded.stderr
    assert "Graded 2." in graded.stdout
    yield folder
    shutil.rmtree(folder.parent)


def listing(*words: object, course: Path) -> list[dict[str, object]]:
    printed = heldout(*words, "--format", "json", course=course)
    assert printed.returncode == 0, printed.stderr
    rows: list[dict[str, object]] = json.loads(printed.stdout)
    return rows


def test_the_receipt_names_the_submission_and_its_checksum(course: Path) -> None:
    again = heldout(
        "submit", "denoising", "-f", CASES / "honest", "--team", "Ada Lovelace", "-m", "two", course=course
    )
    assert again.returncode == 0
    assert "had been received before as #1, sha256 " in again.stdout
    assert len(listing("submissions", "denoising", "--team", "Ada Lovelace", course=course)) == 1


def test_the_board_as_json_csv_and_table(course: Path) -> None:
    [row] = listing("leaderboard", "denoising", course=course)
    assert list(row) == [
        "rank", "change", "team", "score", "half_width", "tier", "entries", "last", "badges",
    ]  # fmt: skip
    assert row["rank"] == 1
    assert row["team"] == "Ada Lovelace"
    assert row["score"] == pytest.approx(9.4, abs=1.0)
    table = heldout("leaderboard", "denoising", course=course).stdout
    assert "Ada Lovelace" in table
    assert "±" in table
    printed = heldout("leaderboard", "denoising", "-v", course=course).stdout
    assert printed.splitlines()[0] == (
        "Rank,TeamId,TeamName,LastSubmissionDate,Score,SubmissionCount,TeamMemberUserNames"
    )
    downloaded = heldout("leaderboard", "denoising", "--download", course=course, cwd=course)
    assert downloaded.returncode == 0
    assert (course / "denoising-leaderboard.csv").read_text() == printed


def test_a_boards_charts_are_written_instead_of_it(course: Path, tmp_path: Path) -> None:
    for flags in ((), ("--private",), ("--as-of", "2020-01-01T00:00Z")):
        made = heldout("leaderboard", "denoising", "--charts", tmp_path / "charts", *flags, course=course)
        assert made.returncode == 0, made.stderr
        drawn = {path.name: path.read_text() for path in (tmp_path / "charts").iterdir()}
        assert made.stdout.splitlines() == [
            f"wrote {tmp_path / 'charts' / name}" for name in ("history.svg", "distribution.svg")
        ]
        assert set(drawn) == {"history.svg", "distribution.svg"}
        for chart in drawn.values():
            assert chart.startswith("<svg")
            assert ("Nothing has been scored yet" in chart) is ("--as-of" in flags)


def test_submissions_have_kaggles_columns_and_harmless_cells(course: Path) -> None:
    [row] = listing("submissions", "denoising", "--team", "Brook <b>", course=course)
    assert list(row) == ["ref", "fileName", "date", "description", "status", "publicScore", "privateScore"]
    assert row["status"] == "failed"
    assert row["publicScore"] is None
    printed = heldout("submissions", "denoising", "--team", "Brook <b>", "-v", course=course).stdout
    [cells] = list(csv.DictReader(printed.splitlines()))
    assert cells["description"] == "'=cmd|x"


def test_show_says_what_went_wrong_and_what_to_do(course: Path) -> None:
    [row] = listing("submissions", "denoising", "--team", "Brook <b>", course=course)
    shown = heldout("show", row["ref"], course=course).stdout
    assert "denoise returned" in shown
    assert "expected" in shown
    assert "next" in shown


def test_show_writes_pictures(course: Path, tmp_path: Path) -> None:
    shown = heldout("show", 1, "--pictures", tmp_path / "pictures", course=course)
    assert shown.returncode == 0, shown.stderr
    [picture] = list((tmp_path / "pictures").iterdir())
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_site_is_written_and_stays_as_it_is(course: Path, tmp_path: Path) -> None:
    assert heldout("export-site", tmp_path / "site", course=course).returncode == 0
    first = {path: path.read_bytes() for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert any(path.suffix == ".png" for path in first)
    assert heldout("export-site", tmp_path / "site", course=course).returncode == 0
    assert {path: path.read_bytes() for path in (tmp_path / "site").rglob("*") if path.is_file()} == first


def test_a_student_starts_checks_and_waits_for_a_score(course: Path, tmp_path: Path) -> None:
    started = heldout("start", "denoising", course=course, cwd=tmp_path)
    assert started.returncode == 0, started.stderr
    assert {"README.md", "model.py", "train.py", "data"} <= {
        path.name for path in (tmp_path / "denoising").iterdir()
    }
    refused = heldout("start", "denoising", course=course, cwd=tmp_path)
    assert "nothing of yours is ever overwritten" in refused.stderr
    shutil.copy(CASES / "raises" / "model.py", tmp_path / "denoising")
    checked = heldout("check", cwd=tmp_path / "denoising")  # finds course and assignment by itself
    assert checked.returncode == 1
    assert "AttributeError" in checked.stderr
    assert "next: " not in checked.stderr  # it was `heldout check` itself
    model = (CASES / "honest" / "model.py").read_text()
    (tmp_path / "denoising" / "model.py").write_text(model + "print('loaded \\x1b[31m once')\n")
    checked = heldout("check", cwd=tmp_path / "denoising")
    assert checked.returncode == 0, checked.stderr
    assert "psnr" in checked.stdout
    assert "once" in checked.stdout
    assert "\x1b" not in checked.stdout
    submitted = heldout(
        "submit", "denoising", "-m", "t", "--team", "Ada Lovelace", "--wait", cwd=tmp_path / "denoising"
    )
    assert submitted.returncode == 0, submitted.stderr
    assert "no significant improvement" in submitted.stdout  # it answers as her first one did


def test_a_course_grows_and_its_roster_tells_what_it_did(tmp_path: Path) -> None:
    course, roster = tmp_path / "course", tmp_path / "roster.csv"
    small = ("--items", 64, "--assignment")
    assert heldout("course", "init", course, *small, "mnist1d").returncode == 0
    nowhere = heldout("course", "init", course, *small, "cnn", "--data", tmp_path / "nowhere")
    assert nowhere.returncode == 1
    assert "cnn" not in (course / "course.toml").read_text()
    grown = heldout("course", "init", course, *small, "denoising")
    assert grown.returncode == 0, grown.stderr
    assert "is a course already; added: denoising." in grown.stdout
    assert [row["assignment"] for row in listing("assignments", course=course)] == ["mnist1d", "denoising"]
    for line, said in (
        ("Ada O'Neil,ada@example.org", "1 student: 1 new, 0 already there."),
        ("Ada B.,ada@example.com", "The username ada is somebody else's already: it became ada2."),
        ("Bob,bob@example.org", "not in roster.csv, and staying there: 'Ada B.', \"Ada O'Neil\"."),
    ):
        roster.write_text(f"name,email\n{line}\n")
        assert said in heldout("roster", "import", roster, course=course).stdout


def test_a_check_shows_every_figure_and_picture_it_has(tmp_path: Path) -> None:
    course, constant = tmp_path / "course", HOME / "baselines" / "cnn" / "constant"
    assert heldout("course", "init", course, "--items", 64, "--assignment", "cnn").returncode == 0
    pictures = tmp_path / "pictures"
    checked = heldout("check", constant, "--assignment", "cnn", "--pictures", pictures, course=course)
    assert checked.returncode == 0, checked.stderr
    for words in ("accuracy 0.100 on public", "nll 2.303 nats", "calibration error 0.000"):
        assert words in checked.stdout
    assert {path.name for path in pictures.iterdir()} >= {"confusion.png", "surprises.png"}


@pytest.mark.thorough
def test_a_train_run_is_trained_by_the_grader_and_has_a_board_of_its_own(course: Path) -> None:
    words = ("submit", "denoising", "-f", HOME / "grader" / "absent", "--team", "Ada Lovelace", "-m", "t")
    assert "there is no" in heldout(*words, "--train", course=course).stderr
    starter = HOME / "assignments" / "denoising" / "starter"
    submitted = heldout(*words[:3], starter, *words[4:], "--train", "--wait", course=course)
    assert submitted.returncode == 0, submitted.stderr
    assert "a train run" in submitted.stdout
    assert re.search(
        r"600 steps in \d+ of 120 CPU-seconds; loss 0\.\d+ → 0\.0\d+;[^;]+;\s+seed\s+\d+",
        submitted.stdout,
    )
    board = heldout("leaderboard", "denoising", "--train", "--format", "json", course=course)
    [row] = json.loads(board.stdout)
    assert row["team"] == "Ada Lovelace"
    assert row["score"] > 17
    [told] = listing("assignments", "--team", "Ada Lovelace", course=course)
    assert told["trained"] == row["score"]
    assert told["best"] != row["score"]
    practice = json.loads(heldout("leaderboard", "denoising", "--format", "json", course=course).stdout)
    assert all(row["score"] < 12 for row in practice)


def test_assignments_come_with_the_teams_best(course: Path) -> None:
    [row] = listing("assignments", "--team", "Ada Lovelace", course=course)
    assert row["assignment"] == "denoising"
    assert row["best"] == pytest.approx(9.4, abs=1.0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["submit", "denoisin", "-f", CASES / "honest", "-m", "x"], "did you mean 'denoising'?"),
        (["submit", "denoising", "-f", CASES / "honest", "-m", "x", "--team", "Ada Lovelac"], "Ada Lovelace"),
        (["submit", "denoising", "-f", CASES / "honest", "-m", "x"], "whose submission is it?"),
        (["submit", "denoising", "-f", CASES / "honest", "-m", "x"], "one of the 2 teams of the course"),
        (["submit", "denoising", "-f", CASES / "honest", "-m", "x"], "or set HELDOUT_TEAM"),
        (
            ["submit", "denoising", "-f", CASES / "honest", "-m", "x", "--team", "ADA"],
            "--team 'Ada Lovelace'",
        ),
        (["submit", "denoising", "-f", CASES / "honest", "-m", " "], "the message is empty"),
        (
            ["submit", "denoising", "-f", CASES / "honest" / "model.py", "-m", "x", "--team", "Ada Lovelace"],
            f"name the folder: -f {CASES / 'honest'}",
        ),
        (
            ["submit", "denoising", "-f", "/nowhere", "-m", "x", "--team", "Ada Lovelace"],
            "there is no /nowhere",
        ),
        (["submit", "denoising", "-f", "grader", "-m", "x", "--team", "Ada Lovelace"], "no model.py"),
        (["leaderboard", "gan"], "no assignment 'gan'"),
        (["show", "4711"], "4711"),
        (["roster", "import", "/nowhere.csv"], "there is no file"),
        (["check", CASES / "honest"], "--assignment"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value[:1])),
)
def test_mistakes_are_answered_with_what_to_do(course: Path, words: list[object], says: str) -> None:
    answered = heldout(*words, course=course)
    assert answered.returncode == 1
    assert says in answered.stderr
    assert "Traceback" not in answered.stderr
    assert answered.stderr.startswith("Error: ")


def test_another_assignments_folder_is_refused(course: Path, tmp_path: Path) -> None:
    started = shutil.copytree(CASES / "honest", tmp_path / "rnn")
    (started / ".heldout").write_text(f"rnn\n{course}\n")
    inner = shutil.copytree(CASES / "honest", started / "wider")
    words = ("submit", "denoising", "-m", "one", "--team", "Ada Lovelace")
    for folder in (started, inner):
        refused = heldout(*words, cwd=folder)
        assert refused.returncode == 1
        assert "this folder was started for rnn" in refused.stderr
        assert "next: `heldout submit rnn`, or --anyway" in refused.stderr
    assert heldout(*words, "--anyway", cwd=inner).returncode == 0


def test_outside_a_course_the_next_step_is_named(tmp_path: Path) -> None:
    answered = heldout("leaderboard", "denoising", cwd=tmp_path)
    assert answered.returncode == 1
    assert "heldout course init DIR" in answered.stderr


def test_a_missing_data_set_names_the_two_ways_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answered = heldout("course", "init", tmp_path / "course", "--data", tmp_path / "empty")
    assert answered.returncode == 1
    assert "dataset-fashion-mnist" in answered.stderr
    assert "torchvision" in answered.stderr


def test_a_locked_database_is_named(course: Path) -> None:
    with sqlite3.connect(course / "ledger.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        answered = heldout(
            "submit", "denoising", "-f", CASES / "nan", "-m", "x", "--team", "Ada Lovelace", course=course
        )
        other.execute("ROLLBACK")
    other.close()
    assert answered.returncode == 1
    assert "locked by another program" in answered.stderr


@pytest.mark.thorough
def test_a_course_restored_from_its_backup_goes_on(course: Path, tmp_path: Path) -> None:
    backed_up = heldout("backup", tmp_path / "course.tar", course=course)
    assert backed_up.returncode == 0, backed_up.stderr
    assert heldout("backup", "--verify", tmp_path / "course.tar").returncode == 0
    again = tmp_path / "again"
    restored = heldout("restore", tmp_path / "course.tar", again)
    assert restored.returncode == 0, restored.stderr
    words = ("leaderboard", "denoising", "--format", "json")
    assert heldout(*words, course=again).stdout == heldout(*words, course=course).stdout
    nan = ("denoising", "-f", CASES / "nan", "-m", "x", "--team", "Ada Lovelace")
    submitted = heldout("submit", *nan, "--wait", course=again)
    assert "not_finite" in submitted.stdout, submitted.stderr
    refused = heldout("restore", tmp_path / "course.tar", again)
    assert refused.returncode == 1
    assert "is not empty" in refused.stderr


def test_doctor_lists_layers(course: Path) -> None:
    layers = listing("doctor", course=course)
    assert all(list(layer) == ["layer", "live", "probe", "fix"] for layer in layers)
    assert {layer["layer"] for layer in layers if not layer["live"]} <= {"gpu", "cgroup"}, layers


def test_grading_refuses_to_run_unconfined(course: Path, tmp_path: Path) -> None:
    """Without bubblewrap nothing is graded, and what is queued stays queued."""
    (tmp_path / "bin").mkdir()
    refused = heldout("grade", course=course, PATH=str(tmp_path / "bin"))
    assert refused.returncode == 1
    assert "bubblewrap" in refused.stderr


@pytest.mark.thorough
def test_an_entry_is_asked_again_on_images_that_are_moved(course: Path, tmp_path: Path) -> None:
    ran = heldout("integrity", "denoising", "--probe", 1, "--out", tmp_path / "page", course=course)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"#1: psnr [\d.]+ on the images as they are, [\d.]+ moved", ran.stderr)
    ran = heldout("integrity", "denoising", "--probe", 99, "--out", tmp_path / "page", course=course)
    assert ran.returncode == 1
    assert "#99 stands on no board of denoising" in ran.stderr
