"""Verbs that run the queue, as an operator types them."""

import pytest

from grader.errors import HeldoutError
from tests.commands.conftest import LONG, Desk
from tests.leaderboard.cases import take


def test_status_of_a_course_that_nobody_grades(desk: Desk) -> None:
    told = desk.type("status")
    assert "1 waiting" in told
    assert "3 judged in the last hour" in told
    assert "Nobody grades: start `heldout grade --watch`." in told
    [row] = desk.rows("status")
    assert (row["queued"], row["running"], row["graders"], row["emptySeconds"]) == (1, 0, 0, None)


def test_status_names_who_grades_what(desk: Desk) -> None:
    desk.store.seen("lab-07:4711:0a1b2c3d", {"cluster cpu": 6, "cluster gpu": 2})
    ref = take(desk.store, "lab-07:4711:0a1b2c3d").ref
    told = desk.type("status")
    assert "1 running" in told
    assert f"#{ref}" in told
    assert "cluster cpu 6, cluster gpu 2" in " ".join(told.split())
    [row] = desk.rows("status", "--graders")
    assert row["holder"] == "lab-07:4711:0a1b2c3d"
    assert row["running"] == [str(ref)]
    assert row["draining"] is False


def test_a_pause_is_told_until_it_ends(desk: Desk) -> None:
    assert "What runs comes to its end" in desk.type("pause", "denoising", "-m", "the noise is wrong")
    assert "paused: denoising, just now: the noise is wrong" in desk.type("status")
    assert "grading is paused" in desk.type("show", 4)
    desk.type("pause")
    assert desk.rows("status")[0]["paused"] == ["denoising", "everything"]
    assert "Still paused: the whole queue." in desk.type("resume", "denoising")
    desk.type("resume")
    assert "paused" not in desk.type("status")
    assert take(desk.store).team == LONG.team


def test_sending_a_grader_home(desk: Desk) -> None:
    desk.store.seen("lab-07:4711:0a1b2c3d", {"local": 2})
    assert "ends what it began, then stops" in desk.type("drain", "lab-07:4711:0a1b2c3d")
    assert "(stopping)" in desk.type("status")
    assert desk.store.claim("lab-07:4711:0a1b2c3d", 60) is None
    desk.type("drain", "lab-07:4711:0a1b2c3d", "--undo")
    assert take(desk.store, "lab-07:4711:0a1b2c3d")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("pause", "gan"), "the course has no assignment 'gan'"),
        (("resume",), "the whole queue is not paused"),
        (("drain", "lab-08"), "no grader at work is called 'lab-08'"),
        (("status", "--teams", "--assignment", "gan"), "the course has no assignment 'gan'"),
    ],
)
def test_what_can_not_be_is_said(desk: Desk, words: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(HeldoutError, match=complaint):
        desk.type(*words)


def test_what_each_team_spent(desk: Desk) -> None:
    rows = desk.rows("status", "--teams", "--assignment", "denoising")
    assert [(row["teamName"], row["judgings"]) for row in rows] == [("Ada Lovelace", 2), ("Bob", 1)]
    assert rows[0]["answeringCpuSeconds"] == 5.0
    assert "Ada Lovelace" in desk.type("status", "--teams")
