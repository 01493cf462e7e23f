"""What is printed: fits the terminal, says what the tables of the design say, and obeys nobody's name."""

import csv
import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest
from rich.console import Console

from grader.errors import Reason
from grader.report import CellResult, CellState, Estimate, Failure, Resources, Training, Verdict
from grader.spec import Limits, RunKind
from leaderboard.disclosure import remarks
from leaderboard.marks import Graded, Item, Mark
from leaderboard.plain import csv_cell, lines, one_line
from leaderboard.records import Judging, Place, Row, State, Submission, TeamKind
from leaderboard.render import (
    board_csv,
    board_json,
    print_assignments,
    print_board,
    print_layers,
    print_submission,
    print_submissions,
)
from leaderboard.render_submissions import points_table
from tests.leaderboard.cases import KID, RESOURCES, TRAINING, assignment

START = datetime(2017, 5, 22, 13, 22, 32, tzinfo=UTC)
HOSTILE = [
    "=cmd|' /C calc'!A0",
    "[bold red]x[/]",
    "<script>alert(1)</script>",
    "a\x1b[2Jb",
    "\x9b31m",
    "x\u202egnp",
]


def row(team: str = "Ada", *, rank: int = 1, kind: TeamKind = TeamKind.STUDENT, **changed: object) -> Row:
    fields: dict[str, object] = {
        "rank": rank,
        "change": "↑1",
        "team": team,
        "team_id": 7,
        "kind": kind,
        "ref": 3,
        "score": 19.25,
        "half_width": 0.05,
        "tier": "pass",
        "entries": 2,
        "last": START,
        "best_before": "-2.5h",
        "badges": () if kind is TeamKind.STUDENT else (str(kind),),
        "members": ("ada", "grace"),
    }
    return Row(**(fields | changed))  # type: ignore[arg-type]


def submission(state: State = State.SCORED, **changed: object) -> Submission:
    judging = Judging(
        1,
        Verdict.FAILED if state is State.FAILED else Verdict.SCORED,
        START,
        7,
        public={"psnr": Estimate(19.25, 0.05)},
        private={"psnr": Estimate(18.5, 0.05)},
        failure=Failure(Reason.TIMEOUT, "too slow\nnext: be quick") if state is State.FAILED else None,
        log="epoch 1\n  \x1b[31mred",
        resources=RESOURCES,
    )
    fields: dict[str, object] = {
        "ref": 3,
        "assignment": "denoising",
        "team": "Ada",
        "kind": TeamKind.STUDENT,
        "file_name": "a.zip",
        "description": "=1+1 [bold]wider[/bold]\nnet",
        "sha256": "0" * 64,
        "size": 1_500_000,
        "received_at": START,
        "state": state,
        "attempts": 1,
        "judging": None if state is State.QUEUED else judging,
    }
    return Submission(**(fields | changed))  # type: ignore[arg-type]


def console(width: int) -> Console:
    return Console(width=width, file=io.StringIO(), highlight=False, force_terminal=False)


def text(made: Console) -> str:
    assert isinstance(made.file, io.StringIO)
    return made.file.getvalue()


# ---------------------------------------------------------------- boards


def test_board_json_is_exactly_what_is_promised() -> None:
    [printed] = json.loads(board_json([row()]))
    assert printed == {
        "rank": 1,
        "change": "↑1",
        "team": "Ada",
        "score": 19.25,
        "half_width": 0.05,
        "tier": "pass",
        "entries": 2,
        "last": "2017-05-22T13:22:32Z",
        "badges": [],
    }


def test_board_json_is_in_utc_whatever_the_zone() -> None:
    elsewhere = START.astimezone(timezone(timedelta(hours=9)))
    assert json.loads(board_json([row(last=elsewhere)]))[0]["last"] == "2017-05-22T13:22:32Z"


def test_board_csv_has_kaggles_header() -> None:
    baseline = row("wiener (baseline)", rank=0, kind=TeamKind.BASELINE, members=())
    header, first, second = csv.reader(io.StringIO(board_csv([row("Ada, Countess"), baseline])))
    kaggles = "Rank,TeamId,TeamName,LastSubmissionDate,Score,SubmissionCount,TeamMemberUserNames"
    assert ",".join(header) == kaggles
    assert first == ["1", "7", "Ada, Countess", "2017-05-22 13:22:32", "19.25", "2", "ada grace"]
    assert second[0] == "0"


def test_a_wide_board_shows_everything() -> None:
    made = console(120)
    print_board([row(), row("wiener", rank=0, kind=TeamKind.BASELINE)], assignment(), console=made)
    printed = text(made)
    for shown in ("19.25 ± 0.05", "Mon, 22 May 2017 13:22:32 (-2.5h)", "psnr [dB]", "↑1", "pass", "baseline"):
        assert shown in printed


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_a_board_never_breaks_its_lines(width: int) -> None:
    made = console(width)
    rows = [row(team, rank=rank) for rank, team in enumerate(("Ada", "مريم", "李飞飞 🎉", "x" * 100), 1)]
    print_board([*rows, row("unet", kind=TeamKind.REFERENCE)], assignment(), console=made)
    assert len(text(made).rstrip("\n").split("\n")) == 3 + 5
    assert "x" * 100 in text(made) or "…" in text(made)


@pytest.mark.parametrize("terminal", [True, False])
def test_only_a_terminal_gets_invisible_marks(terminal: bool) -> None:
    made = Console(file=io.StringIO(), width=100, force_terminal=terminal)
    print_board([row("مريم")], assignment(), console=made)
    assert ("\u200e" in text(made)) == terminal


@pytest.mark.parametrize("style", ["csv", "json"])
def test_figures_have_no_more_digits_than_float32(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_board([row(score=19.690326690673828, half_width=0.10000000149011612)], assignment(), style)
    curve = ((1, 0.30000001192092896),)
    trained = Judging(1, Verdict.SCORED, START, 7, training=Training(7, 600, 43.21234567, False, curve))
    print_submission(submission(judging=trained), assignment(), style)
    assert not re.search(r"\d\.\d{6}", printed := capsys.readouterr().out), printed
    assert "19.6903" in printed


def test_a_narrow_board_of_short_names_leaves_out_what_a_wide_one_has() -> None:
    made = console(80)
    print_board([row(), row("unet", kind=TeamKind.REFERENCE)], assignment(), console=made)
    assert "22 May 13:22 (-2.5h)" in text(made)
    assert "…" not in text(made)


def test_a_narrow_board_keeps_scores_whole() -> None:
    made = console(80)
    print_board([row("x" * 100), row("unet", kind=TeamKind.REFERENCE)], assignment(), console=made)
    assert text(made).count("19.25 ± 0.05") == 2


def test_a_badge_that_warns_is_shown_however_narrow() -> None:
    made = console(80)
    print_board([row("x" * 40, badges=("unsandboxed",))], assignment(), console=made)
    assert "unsandboxed" in text(made)


def test_a_score_that_is_rounded_to_zero_has_no_sign() -> None:
    made = console(120)
    print_board([row(score=-0.01)], assignment(KID), console=made)
    assert "-0.0" not in text(made)


def test_a_tie_is_told_and_its_rank_stands_out_once() -> None:
    made = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="standard")
    tied = [row("Ada", rank=1), row("Bob", rank=2), row("Eve", rank=2)]
    print_board([*tied, row("unet", rank=0, kind=TeamKind.REFERENCE)], assignment(), console=made)
    first, second = (line for line in text(made).splitlines() if "Bob" in line or "Eve" in line)
    assert first.lstrip(" ").startswith("2")
    assert second.startswith("\x1b[2m")
    assert "Equal ranks: teams that these items can't tell apart" in text(made)
    plain = console(80)
    print_board(tied[:2], assignment(), console=plain)
    assert "Equal ranks" not in text(plain)


def test_a_private_board_says_what_its_changes_are() -> None:
    made = console(80)
    print_board([row()], assignment(), private=True, console=made)
    assert "Denoising, private board" in text(made)
    assert "change of rank from the public board" in text(made)


def test_an_empty_board_says_so() -> None:
    made = console(80)
    print_board([], assignment(), console=made)
    assert "no scored submissions yet" in text(made)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_steers_a_terminal_or_a_spreadsheet(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = console(120)
    print_board([row(name)], assignment(), console=made)
    print_board([row(name)], assignment(), "csv")
    print_board([row(name)], assignment(), "json")
    printed = text(made) + capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\u202e"} & set(printed)
    if "\x1b" not in name:
        assert one_line(name) in text(made)


def test_cells_that_look_like_formulas_are_defused() -> None:
    assert [csv_cell(one) for one in ("=1", " +1", "-1", "@x", "\t=1", "＝1", "1", "")] == [
        "'=1", "'+1", "'-1", "'@x", "'=1", "'＝1", "1", "",
    ]  # fmt: skip
    assert board_csv([row(score=-1.5)]).splitlines()[1].split(",")[4] == "-1.5", "numbers stay numbers"


def test_a_log_keeps_its_lines_and_its_indentation() -> None:
    assert lines("a\n    b\n\x1b[2Jc") == "a\n    b\n�[2Jc"


# ---------------------------------------------------------------- submissions and the rest


def test_submissions_have_kaggles_columns_and_no_private_score(capsys: pytest.CaptureFixture[str]) -> None:
    print_submissions([submission()], assignment(), "csv")
    header, line = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header == ["ref", "fileName", "date", "description", "status", "publicScore", "privateScore"]
    assert line == [
        "3",
        "a.zip",
        "2017-05-22T13:22:32Z",
        "'=1+1 [bold]wider[/bold] net",
        "scored",
        "19.25",
        "",
    ]
    print_submissions([submission()], assignment(), "json", revealed={RunKind.EVALUATE: True})
    assert json.loads(capsys.readouterr().out)[0]["privateScore"] == 18.5


def test_a_table_of_submissions_tells_state_and_place() -> None:
    made = console(120)
    listed = [
        submission(State.QUEUED, place=Place(3, 100.0)),
        submission(State.FAILED),
        submission(State.SCORED),
    ]
    print_submissions(listed, assignment(), console=made)
    for shown in ("queued, 3 ahead, ~2 min", "failed: timeout", "19.25", "[bold]wider[/bold]"):
        assert shown in text(made)
    assert "18.5" not in text(made)


@pytest.mark.parametrize("width", [80, 120])
def test_why_a_score_does_not_stand_is_told(width: int) -> None:
    answers = Judging(1, Verdict.SCORED, START, 7, public={"psnr": Estimate(19.25, 0.05)}, same_as="unet")
    listed = {
        "no gain": submission(released=False),
        "selected": submission(released=False, selected=True),
        "not ranked": submission(judging=answers),
        "withdrawn": submission(withdrawn=True),
    }
    made = console(width)
    print_submissions([*listed.values()], assignment(), console=made)
    for short in (
        listed if width < 100 else ("no significant improvement", "no significant improvement, selected")
    ):
        assert short in text(made)
    for shown in listed.values():
        print_submission(shown, assignment(), console=made)
    for said in (
        "no significant improvement, selected",
        "solution 'unet'",
        "heldout withdraw 3",
        "final selections",
    ):
        assert said in text(made)
    assert text(made).count("19.25 ± 0.05 dB") == 2, "of those withheld nothing is told"


@pytest.mark.parametrize(
    ("kind", "said"),
    [(RunKind.EVALUATE, "it counts on no board;"), (RunKind.NOTEBOOK, "it gives no points;")],
)
def test_what_a_withdrawal_costs_is_told(kind: RunKind, said: str) -> None:
    [remark] = remarks(submission(withdrawn=True, run_kind=kind), undo="so")
    assert remark == f"{said} take that back so"


def test_a_rubric_is_told_beside_the_comment() -> None:
    made, items = console(120), (Item("says why", 3.0, True), Item("and since when", 2.0))
    mark = Mark(4.0, "Fine.", "ines", START, items)
    made.print(points_table([Graded(CellResult("why", CellState.MANUAL, 5.0), mark)], width=120))
    assert "✓ says why (3); ✗ and since when (2); Fine." in text(made)


def test_private_scores_are_shown_once_they_are_revealed(capsys: pytest.CaptureFixture[str]) -> None:
    made = console(80)
    print_submission(submission(), assignment(), revealed=True, console=made)
    assert "18.50 ± 0.05 dB" in text(made)
    for style in ("csv", "json"):
        print_submission(submission(), assignment(), style, revealed=True)
        assert "18.5" in capsys.readouterr().out
        print_submission(submission(), assignment(), style)
        assert "18.5" not in capsys.readouterr().out


@pytest.mark.parametrize("width", [80, 120])
def test_one_submission_shows_all_but_the_private_score(width: int) -> None:
    made = console(width)
    print_submission(submission(), assignment(), console=made)
    for shown in ("19.25 ± 0.05 dB", "1.50 MB", "zygote: namespaces", "1.5 s wall", "  �[31mred"):
        assert shown in text(made)
    assert "18.5" not in text(made)
    print_submission(submission(State.FAILED), assignment(), console=made)
    assert "too slow\nnext: be quick" in text(made)


def test_a_submission_shows_which_limit_it_met_and_how_far_it_got(capsys: pytest.CaptureFixture[str]) -> None:
    made = console(120)
    print_submission(submission(State.FAILED), assignment(), console=made)
    for shown in ("memory, while calling denoise on batch 3", "2 GiB of 2 GiB", "was dropped"):
        assert shown in text(made)
    print_submission(submission(State.FAILED), assignment(), "json")
    [told] = json.loads(capsys.readouterr().out)
    assert (told["reason"], told["message"]) == ("timeout", "too slow\nnext: be quick")
    assert told["resources"]["killed"] == "memory"
    assert told["resources"]["limits"]["memory_bytes"] == 2 << 30
    assert told["resources"]["output_dropped"] is True
    assert "1234" not in json.dumps(told)


def test_a_train_run_shows_what_its_training_used_apart(capsys: pytest.CaptureFixture[str]) -> None:
    made = console(160)
    judging = Judging(1, Verdict.SCORED, START, 7, resources=RESOURCES, training=TRAINING)
    shown = submission(judging=judging, run_kind=RunKind.TRAIN)
    print_submission(shown, assignment(), console=made)
    assert "600 steps in 44 of 120 CPU-seconds, then it was cut" in text(made)
    assert "230.0 s wall, 300 MiB" in text(made)
    assert "1.5 s wall (limit 60 s public + 120 s held-out)" in text(made)
    print_submission(shown, assignment(), "json")
    [told] = json.loads(capsys.readouterr().out)
    assert (told["training"]["wall_seconds"], told["resources"]["wall_seconds"]) == (230.0, 1.5)


def test_a_training_that_failed_shows_which_limit_it_met() -> None:
    made = console(160)
    met = Resources("cold", ("seccomp",), limits=Limits(), killed="memory", doing="calling train")
    judging = Judging(1, Verdict.FAILED, START, 7, resources=met, training=TRAINING)
    print_submission(submission(State.FAILED, judging=judging), assignment(), console=made)
    assert "memory, while calling train" in text(made)
    assert "held-out)" not in text(made)


def test_a_board_of_train_runs_says_so() -> None:
    made = console(80)
    print_board([row()], assignment(), run_kind=RunKind.TRAIN, console=made)
    assert "Denoising, trained by the grader" in text(made)


@pytest.mark.parametrize("written", HOSTILE)
def test_what_a_model_wrote_is_shown_and_harmless(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = console(120)
    wrote = Judging(1, Verdict.SCORED, START, 7, texts={"what it writes": f"And he│{written}\nsaid"})
    print_submission(submission(judging=wrote), assignment(), console=made)
    assert "what it writes:\nAnd he│" in text(made)
    assert "\nsaid" in text(made)
    assert not {"\x1b", "\x9b", "\u202e"} & set(text(made))
    print_submission(submission(judging=wrote), assignment(), "json")
    [told] = json.loads(capsys.readouterr().out)
    assert set(told["texts"]) == {"what it writes"}


def test_our_fault_is_called_ours_and_our_traceback_is_not_shown() -> None:
    made = console(120)
    broken = Judging(3, Verdict.GRADER_ERROR, START, None, fault="Traceback: secret")
    print_submission(submission(State.GRADER_ERROR, judging=broken), assignment(), console=made)
    assert "costs no attempt" in text(made)
    assert "secret" not in text(made)


def test_assignments_with_and_without_a_score(capsys: pytest.CaptureFixture[str]) -> None:
    made = console(100)
    listed = [(assignment(), row(), row(score=18.5)), (assignment(KID), None, None)]
    print_assignments(listed, console=made)
    assert "psnr ↑" in text(made)
    assert "kid ↓" in text(made)
    assert "18.50 ± 0.05" in text(made)
    print_assignments(listed, "json")
    first, second = json.loads(capsys.readouterr().out)
    assert (first["best"], first["rank"], first["trained"]) == (19.25, 1, 18.5)
    assert (second["best"], second["trained"]) == (None, None)


@dataclass
class Layer:
    layer: str = "seccomp"
    live: bool = False
    probe: str = "the filter [was] refused"
    fix: str = "install libseccomp"


def test_layers_of_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    made = console(80)
    print_layers([Layer(), Layer("gpu", probe="none here", fix="")], console=made)
    assert "the filter [was] refused" in text(made)
    assert "none here" in text(made)
    assert text(made).count("to do:") == 1
    print_layers([Layer()], "json")
    assert json.loads(capsys.readouterr().out) == [
        {"layer": "seccomp", "live": False, "probe": "the filter [was] refused", "fix": "install libseccomp"}
    ]
