"""The student's and the staff's verbs against a server: what they ask, what they print."""

import csv
import hashlib
import json
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.errors import Denied, HeldoutError, Reason, Refused
from grader.prepared import Data
from grader.report import Failure, Verdict
from leaderboard.activity import Progress
from leaderboard.records import Judging, Place, State, TeamKind
from tests.commands.laptop import Laptop, laptop
from tests.desk.fake import NOW, PNG, QUEUED, SCORED, SVG, Answer, failed, kit, row

HONEST = Path(__file__).resolve().parents[2] / "assignments" / "denoising" / "sanity" / "honest" / "model.py"
FAILED = replace(
    QUEUED,
    state=State.FAILED,
    judging=Judging(1, Verdict.FAILED, NOW, None, failure=Failure(Reason.RAISED, "it raised: mend it")),
)


@pytest.fixture
def ada(tmp_path: Path) -> Iterator[Laptop]:
    with laptop(tmp_path) as found:
        found.log_in()
        found.fake.asked.clear()
        yield found


@pytest.fixture
def solution(ada: Laptop) -> Path:
    folder = ada.folder / "work" / "mine"
    folder.mkdir()
    (folder / "model.py").write_text("def load(folder, device): ...")
    return folder


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["assignments"], "19.00 ± 0.10"),
        (["submissions", "denoising"], "19.50"),
        (["show", 7], "19.50 ± 0.25 dB"),
        (["leaderboard", "denoising"], "Ada Lovelace"),
        (["limits", "denoising"], "1 of 5"),
        (["team", "list"], "Ada Lovelace"),
        (["audit"], "revealed"),
        (["select", 7, 8], "Selected: #7, #8."),
        (["withdraw", 7], "#7 is withdrawn: cancelled."),
        (["withdraw", 7, "--undo"], "#7 is back: cancelled."),
        (["extend", "denoising", "ada", "--until", "2026-11-21T18:00Z"], "until 21 Nov 2026 18:00 UTC"),
        (["extend", "denoising", "ada", "--undo"], "ada has no extension for denoising."),
        (["disqualify", "denoising", "Bob", "--reason", "copied"], "Bob is off the boards"),
        (["reinstate", "denoising", "Bob"], "Bob is on the boards"),
        (["reveal", "denoising"], "are revealed."),
        (["team", "merge", "Ada", "Bob"], "Bob is a part of Ada now"),
        (["team", "part", "Bob"], "Bob is a team of its own again."),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, list) else "",
)
def test_verbs_print_what_the_server_tells(ada: Laptop, words: list[object], says: str) -> None:
    done = ada.type(*words)
    assert done.exit_code == 0
    assert says in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    "words",
    [["assignments"], ["submissions", "denoising"], ["limits", "denoising"], ["team", "list"], ["audit"]],
)
def test_listings_have_the_same_columns_as_json_and_csv(ada: Laptop, words: list[str]) -> None:
    listed = json.loads(ada.type(*words, "--format", "json").stdout)
    cells = list(csv.DictReader(ada.type(*words, "-v").stdout.splitlines()))
    assert listed
    assert [list(one) for one in cells] == [list(one) for one in listed]


def test_staff_ask_for_a_team(ada: Laptop) -> None:
    for words in (["assignments"], ["submissions", "denoising"], ["limits", "denoising", "--train"]):
        ada.type(*words, "--team", "Bob")
    kind = "run_kind=train&"
    assert ada.fake.queries[-3:] == ["team=Bob", "team=Bob", f"{kind}team=Bob"]


def test_a_board_is_written_under_kaggles_header(ada: Laptop) -> None:
    assert (
        "wrote denoising-leaderboard-train.csv"
        in ada.type("leaderboard", "denoising", "--train", "-d").stdout
    )
    [*_, second] = (ada.folder / "work" / "denoising-leaderboard-train.csv").read_text().splitlines()
    assert second.split(",")[2:] == ["Ada Lovelace", "2026-11-20 12:00:00", "19.0", "1", "ada lovelace"]
    assert "members=true" in ada.fake.queries[-1]
    assert (
        ada.type("leaderboard", "denoising", "-d", "-p", "boards").stdout
        == "wrote boards/denoising-leaderboard.csv\n"
    )


def test_charts_and_pictures_are_written(ada: Laptop) -> None:
    ada.type("leaderboard", "denoising", "--charts", "charts", "--as-of", "2026-11-21T18:00Z")
    ada.type("show", 7, "--pictures", "pictures")
    work = ada.folder / "work"
    assert {path.name: path.read_bytes() for path in (work / "charts").iterdir()} == {
        "history.svg": SVG, "distribution.svg": SVG,
    }  # fmt: skip
    assert [(path.name, path.read_bytes()) for path in (work / "pictures").iterdir()] == [
        ("7-examples.png", PNG)
    ]


def test_a_pictures_name_leads_nowhere(ada: Laptop) -> None:
    names = Answer(200, b'["../../x", "/etc/y", "..\\\\z"]', {"Content-Type": "application/json"})
    ada.fake.mishaps.extend([None, names, *[Answer(200, PNG)] * 3])
    ada.type("show", 7, "--pictures", "pictures")
    written = {
        path.relative_to(ada.folder / "work").as_posix() for path in (ada.folder / "work").rglob("*.png")
    }
    assert written == {"pictures/x.png", "pictures/y.png", "pictures/z.png"}


def test_a_write_up_comes_from_a_file_or_standard_input(ada: Laptop) -> None:
    (ada.folder / "work" / "how.md").write_text("# Wie\nüber", encoding="utf-8")
    assert ada.type("writeup", 7, "how.md").stdout == "#7 has a write-up now: 10 characters.\n"
    ada.type("writeup", 7, "-", given="short")
    assert ada.fake.bodies[-2:] == [{"text": "# Wie\nüber"}, {"text": "short"}]
    (ada.folder / "work" / "how.md").write_bytes(b"\xff\xfe")
    with pytest.raises(HeldoutError, match=r"how\.md is no text"):
        ada.type("writeup", 7, "how.md")


def test_an_expired_token_says_what_to_do(ada: Laptop) -> None:
    ada.fake.token = "another"  # noqa: S105
    with pytest.raises(Denied, match="nobody has this token\nnext: log in again: `heldout login URL`"):
        ada.type("limits", "denoising")


# ---------------------------------------------------------------- start


def test_what_is_handed_out_is_unpacked(ada: Laptop) -> None:
    ada.type("start", "denoising")
    folder = ada.folder / "work" / "denoising"
    assert (folder / "README.md").read_text() == "Denoise."
    assert (folder / "data" / "public.npz").is_file()
    assert (folder / ".heldout").read_text() == f"denoising\n{ada.fake.url}\n"
    with pytest.raises(HeldoutError, match="nothing of yours is ever overwritten"):
        ada.type("start", "denoising")


def _link() -> bytes:
    info = zipfile.ZipInfo("model.py")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = Path("link.zip")
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr(info, "/etc/passwd")
    return path.read_bytes()


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/../../x", "C:/x", "C:x", "\\\\host\\x", "a\\..\\x", "folder/", "//x", "link"]
)
def test_what_would_leave_the_folder_is_not_unpacked(
    ada: Laptop, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    data = _link() if name == "link" else kit({"README.md": b"x", name: b"x"})
    ada.fake.mishaps.append(Answer(200, data, {"ETag": hashlib.sha256(data).hexdigest()}))
    with pytest.raises(HeldoutError, match="nothing was unpacked"):
        ada.type("start", "denoising")
    assert list((ada.folder / "work").iterdir()) == []


def test_a_kit_that_is_no_zip(ada: Laptop) -> None:
    ada.fake.mishaps.append(Answer(200, b"x", {"ETag": hashlib.sha256(b"x").hexdigest()}))
    with pytest.raises(HeldoutError, match="what the course hands out is no zip"):
        ada.type("start", "denoising")


# ---------------------------------------------------------------- check


@pytest.mark.parametrize("away", [False, True], ids=["", "away"])
def test_a_check_needs_what_was_handed_out(ada: Laptop, small: Callable[[str], Data], away: bool) -> None:
    work = ada.folder / "work"
    shutil.copy(HONEST, work)
    words = ["check", "--assignment", "denoising"]
    with pytest.raises(HeldoutError, match=r"the public data are not there(.|\n)*heldout start denoising"):
        ada.type(*words)
    (work / "data").mkdir()
    np.savez(work / "data" / "public.npz", **dict[str, Any](small("denoising").public))
    if away:
        ada.fake.mishaps.append(failed(503, "the database is busy", headers={"Retry-After": "3600"}))
    done = ada.type(*words)
    assert "dB on public examples" in done.stdout
    assert ("the database is busy: checking under the usual limits" in done.stderr) is away
    (work / "data" / "public.npz").write_bytes(b"PK")
    with pytest.raises(HeldoutError, match="the public data are damaged"):
        ada.type(*words)


# ---------------------------------------------------------------- submit


def test_a_receipt_is_printed(ada: Laptop, solution: Path) -> None:
    done = ada.type("submit", "denoising", "-f", solution, "-m", "one", "--team", "Ada Lovelace")
    [data] = ada.fake.received
    first, second = done.stdout.splitlines()
    assert first == f"mine.zip received as #7, sha256 {hashlib.sha256(data).hexdigest()}"
    assert second == "4 left today: see `heldout limits denoising`."
    assert ada.fake.bodies[-1]["team"] == "Ada Lovelace"
    assert ada.fake.queries[-1] == "team=Ada+Lovelace"


def test_what_the_rules_refuse(ada: Laptop, solution: Path) -> None:
    ada.fake.mishaps.extend([None, failed(409, "the deadline has passed")])
    with pytest.raises(Refused, match="the deadline has passed"):
        ada.type("submit", "denoising", "-f", solution, "-m", "one")
    assert ada.fake.received == []


def test_whoever_waits_sees_how_it_goes(ada: Laptop, solution: Path) -> None:
    running = replace(QUEUED, state=State.RUNNING)
    ada.fake.states = [
        replace(QUEUED, place=Place(3, 130.0)),
        replace(running, progress=Progress("training", 5, 600, "step 1\n\x1b[2Jx\nstep 2\n", NOW)),
        replace(running, progress=Progress("held-out items", 0, 0, "step 2\nstep 3\n", NOW)),
        SCORED,
    ]
    ada.fake.next_rows = [
        row("Ada Lovelace", 1, 21.0),
        row("Brook", 2, 20.0),
        row("wiener", 0, 1, TeamKind.BASELINE),
    ]
    done = ada.type("submit", "denoising", "-f", solution, "-m", "one", "--wait", "--poll-interval", "0.5")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "#1 of 2 on the board, ↑1."
    assert "psnr         19.50 ± 0.25 dB" in done.stdout
    assert done.stderr.splitlines() == [
        "#7 queued, 3 ahead, about 2 min", "step 1", "�[2Jx", "step 2", "#7 training", "step 3",
        "#7 held-out items", "#7 scored",
    ]  # fmt: skip


def test_what_failed_ends_with_its_reason(ada: Laptop, solution: Path) -> None:
    ada.fake.states = [FAILED]
    done = ada.type("submit", "denoising", "-f", solution, "-m", "one", "--wait")
    assert done.exit_code == 1
    assert "it raised: mend it" in done.stdout


def test_what_takes_too_long_stays_there(ada: Laptop, solution: Path) -> None:
    ada.fake.states = [QUEUED]
    words = ["submit", "denoising", "-f", solution, "-m", "one", "--wait", "0", "--poll-interval", "0.5"]
    done = ada.type(*words)
    assert done.exit_code == 1
    assert "Not judged within 0 s; `heldout show 7` tells how it goes." in done.stderr
    assert "queued" in done.stdout
