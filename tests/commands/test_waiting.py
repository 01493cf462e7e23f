"""What is shown while one waits: a line that says where it is, what the code prints, the rank in the end."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from commands.waiting import Watching, finished, follow, moved, news, status
from desk.credentials import Login
from desk.remote import RemoteDesk
from grader.errors import NotFound
from leaderboard.activity import Progress
from leaderboard.records import Place, Row, State, TeamKind
from tests.desk.conftest import at_once
from tests.desk.fake import NOW, QUEUED, SCORED, TOKEN, failed, row, serving

RUNNING = replace(QUEUED, state=State.RUNNING)


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (QUEUED, "queued"),
        (replace(QUEUED, place=Place(0, 10.0)), "queued, the next, about 1 min"),
        (replace(QUEUED, place=Place(1200, 7200.0)), "queued, 1,200 ahead, about 120 min"),
        (replace(QUEUED, place=Place(2)), "queued, 2 ahead; no grader is at work"),
        (replace(QUEUED, place=Place(2, paused=True)), "queued, 2 ahead; grading is paused"),
        (RUNNING, "is being graded"),
        (replace(RUNNING, progress=Progress("pub\x1blic", 1, 2, "", NOW)), "pub�lic"),
        (SCORED, "scored"),
        (replace(SCORED, state=State.GRADER_ERROR), "grader error"),
    ],
)
def test_where_it_is_in_a_few_words(one: object, text: str) -> None:
    assert status(one) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ("", "", ""),
        ("", "a\nb\n", "ab"),
        ("a\nb\n", "a\nb\n", ""),
        ("a\nb\n", "a\nb\nc\n", "c"),
        ("a\nb\nc\n", "c\nd\n", "d"),
        ("a\nb\n", "x\ny\n", "xy"),
        ("a\na\n", "a\na\na\n", "a"),
        ("a\n", "", ""),
        ("a\nb", "a\nbc\n", "bc"),
        ("1%\r2%", "1%\r2%\r3%\r\n", "3%"),
    ],
)
def test_what_a_log_says_anew(before: str, now: str, new: str) -> None:
    assert "".join(news(finished(before), finished(now))) == new


BOARD = [row("Ada", 1, 3.0), row("Bob", 2, 2.0), row("Cyd", 3, 1.0), row("wiener", 0, 0.5, TeamKind.BASELINE)]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ([], BOARD, "#2 of 3 on the board, new."),
        (BOARD, BOARD, "#2 of 3 on the board, as before."),
        ([row("Bob", 5, 1.0)], BOARD, "#2 of 3 on the board, ↑3."),
        ([row("Bob", 1, 1.0)], BOARD, "#2 of 3 on the board, ↓1."),
        (BOARD, [], "Not on the board."),
    ],
)
def test_where_a_team_is_and_came_from(before: list[Row], after: list[Row], says: str) -> None:
    assert moved(before, after, "Bob") == says


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_gets_one_line_below_what_the_code_prints(width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, force_interactive=True, color_system=None)
    with Watching(7, console) as watching:
        assert not watching.show(replace(RUNNING, progress=Progress("training", 5, 600, "step 1\n", NOW)))
        assert not watching.show(None)
        assert watching.show(SCORED)
    text = out.getvalue()
    assert "#7 training 5/600" in text
    assert text.count("step 1") == 1
    assert "no answer from the server; still trying" in text
    assert max(map(len, re.split(r"[\r\n]|\x1b\[2K", text))) <= width


def test_a_server_that_is_away_is_waited_for() -> None:
    slept: list[float] = []
    with serving() as fake, RemoteDesk(Login(fake.url, TOKEN), patience=at_once([])) as desk:
        fake.mishaps.extend([failed(503, "busy")] * 8)
        follow(desk, 7, seconds=100, every=3, sleep=slept.append)
        assert slept == [3]
        fake.mishaps.append(failed(404, "there is no submission #7"))
        with pytest.raises(NotFound):
            follow(desk, 7, seconds=100, every=3, sleep=slept.append)


def test_whoever_has_seen_enough_leaves_it_in_the_queue(capsys: pytest.CaptureFixture[str]) -> None:
    def enough(seconds: float) -> None:
        raise KeyboardInterrupt

    with serving() as fake, RemoteDesk(Login(fake.url, TOKEN), patience=at_once([])) as desk:
        fake.states = [QUEUED]
        with pytest.raises(SystemExit) as left:
            follow(desk, 7, seconds=100, every=3, sleep=enough)
    assert left.value.code == 130
    assert "#7 stays where it is; `heldout show 7` tells how it goes." in capsys.readouterr().err
