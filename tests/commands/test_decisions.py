"""Verbs that decide, as their users type them: what they print in every style, and whether it fits."""

import shutil
from datetime import timedelta

import pytest
from click.testing import CliRunner

from cli import heldout
from grader.errors import HeldoutError
from tests.commands.conftest import LONG, Desk
from tests.leaderboard.cases import ADA, judge, scored, send


def test_limits(desk: Desk) -> None:
    [row] = desk.rows("limits", "denoising", "--team", "Bob")
    assert (row["today"], row["daily"], row["left"], row["deadline"]) == (1, 5, 4, "2030-11-20T18:00:00Z")
    printed = desk.type("limits", "denoising", "--team", "Bob")
    assert "left today" in printed
    assert "Wed, 20 Nov 2030 18:00:00 UTC" in printed
    desk.type("withdraw", 4)
    [row] = desk.rows("limits", "denoising", "--team", LONG.team)
    assert row["left"] == 5
    assert (row["pending"], row["mostPending"], row["nextAt"]) == (0, 2, None)


def test_select_and_withdraw(desk: Desk) -> None:
    assert desk.board("--private") == {"Bob": 18.0, ADA.team: 17.0}
    assert "Selected: #1." in desk.type("select", 1)
    assert "selected" in desk.type("submissions", "denoising", "--team", ADA.team)
    assert desk.board("--private") == {"Bob": 18.0, ADA.team: 16.0}
    assert "#1 is withdrawn: scored." in desk.type("withdraw", 1)
    assert desk.board("--private") == {"Bob": 18.0, ADA.team: 17.0}
    assert "#1 is back: scored." in desk.type("withdraw", 1, "--undo")
    assert "#4 is withdrawn: cancelled." in desk.type("withdraw", 4)
    with pytest.raises(HeldoutError, match="not of one team"):
        desk.type("select", 1, 3)


def test_teams(desk: Desk) -> None:
    assert "Ada Lovelace is a part of Bob now" in desk.type("team", "merge", "Bob", ADA.team)
    listed = {row["teamName"]: row["members"] for row in desk.rows("team", "list")}
    assert listed["Bob"] == ["ada", "bob"]
    assert "Bob" in desk.type("team", "list")
    with pytest.raises(HeldoutError, match="3 members"):
        desk.type("team", "merge", "Bob", LONG.team)
    assert "Ada Lovelace is a team of its own again." in desk.type("team", "part", ADA.team)
    assert desk.board() == {"Bob": 19.0, ADA.team: 18.0}


def test_extensions_and_disqualifications(desk: Desk) -> None:
    words = ("extend", "denoising", "ada")
    assert "ada has until 21 Nov 2030 18:00 UTC" in desk.type(*words, "--until", "2030-11-21T18:00Z")
    assert desk.rows("limits", "denoising", "--team", ADA.team)[0]["deadline"] == "2030-11-21T18:00:00Z"
    assert "no extension for denoising; it was 21 Nov 2030" in desk.type(*words, "--undo")
    result = CliRunner().invoke(heldout, [*words, "--until", "2030-11-21"])
    assert (result.exit_code, "has no zone" in result.output) == (2, True)
    assert "Bob is off the boards" in desk.type("disqualify", "denoising", "Bob", "--reason", "copied #2")
    assert desk.board() == {ADA.team: 18.0}
    assert "Bob is on the boards" in desk.type("reinstate", "denoising", "Bob")
    assert desk.board() == {"Bob": 19.0, ADA.team: 18.0}


def test_the_audit_log_has_it_all(desk: Desk) -> None:
    desk.type("disqualify", "denoising", LONG.team, "--reason", "=cmd|' and a long reason " + "x" * 300)
    desk.type("reinstate", "denoising", LONG.team)
    first, second = [row for row in desk.rows("audit") if row["subject"] == LONG.team][-2:]
    assert (first["action"], second["action"]) == ("disqualified", "reinstated")
    assert first["detail"].startswith("assignment=denoising, reason==cmd|'")
    assert first["actor"] == second["actor"] != "course"
    assert desk.type("audit").count("x") >= 300, "a reason is told to its end"


def test_reveal_freeze_and_history(desk: Desk) -> None:
    assert desk.rows("submissions", "denoising", "--team", "Bob")[0]["privateScore"] is None
    desk.configure("deadline = 2030-11-20T18:00:00Z", "")  # until then nothing is revealed by hand
    assert "are revealed" in desk.type("reveal", "denoising")
    assert desk.rows("submissions", "denoising", "--team", "Bob")[0]["privateScore"] == 18.0
    assert "are hidden again" in desk.type("reveal", "denoising", "--undo")
    past = (desk.store.submission(1).received_at - timedelta(hours=1)).isoformat()
    assert desk.board("--as-of", past) == {}
    desk.configure('counts = "selected"', f"freeze = {past}")
    assert desk.board() == desk.board("--as-of", "2030-01-01T00:00Z") == {}
    assert desk.board("--live") == {"Bob": 19.0, ADA.team: 18.0}
    assert "no scored submissions yet" in desk.type("leaderboard", "denoising")


def test_rules_are_previewed_before_they_are_seen(desk: Desk) -> None:
    assert desk.rows("course", "rules") == []
    before = (desk.store.submission(1).received_at + timedelta(microseconds=1)).isoformat()
    desk.board()
    desk.configure("deadline = 2030-11-20T18:00:00Z", f"deadline = {before}")
    [public, private] = [row for row in desk.rows("course", "rules", "denoising") if row["team"] == ADA.team]
    assert public == {
        "assignment": "denoising", "runKind": "evaluate", "split": "public", "team": ADA.team,
        "rank": 2, "newRank": 1, "score": 18.0, "newScore": 17.0,
    }  # fmt: skip
    assert private["split"] == "private"
    printed = desk.type("course", "rules", "denoising")
    assert "nobody moves" in printed
    assert "deadline" in printed
    assert desk.board() == {ADA.team: 17.0}


def test_extensions_of_nobody_are_named(desk: Desk) -> None:
    before = "[assignments.denoising.rules]\nextensions = "
    desk.configure("[assignments.denoising.rules]\n", before + "{ ADA = 2030-11-21T18:00:00Z }\n")
    words = ["course", "rules", "--course", str(desk.course.folder)]
    printed = CliRunner().invoke(heldout, words)
    assert ("no limit" in printed.stdout, printed.stderr) == (True, "")
    desk.configure("{ ADA = ", "{ adda = 2030-11-22T18:00:00Z, bob = ")
    expected = "denoising: extensions.adda: no student has this username\n"
    assert CliRunner().invoke(heldout, words).stderr == expected
    assert desk.rows("course", "rules") == [], "on a channel of its own"


def test_listing_assignments_changes_no_board(desk: Desk) -> None:
    """It once made all boards anew, under no rules at all."""
    before = (desk.store.submission(1).received_at + timedelta(microseconds=1)).isoformat()
    desk.configure("deadline = 2030-11-20T18:00:00Z", f"deadline = {before}")
    assert desk.board() == {ADA.team: 17.0}
    [row] = desk.rows("assignments", "--team", ADA.team)
    assert row["best"] == 17.0
    assert desk.rows("course", "rules") == []


def test_whoever_grades_for_days_hears_of_a_changed_rule(desk: Desk) -> None:
    from commands.options import open_store

    with open_store(desk.course) as grader:
        send(grader, "Bob")
        judge(grader, scored(19.5))
        before = (desk.store.submission(1).received_at + timedelta(microseconds=1)).isoformat()
        desk.configure("deadline = 2030-11-20T18:00:00Z", f"deadline = {before}")
        assert desk.board() == {ADA.team: 17.0}
        send(grader, "Bob")
        judge(grader, scored(20.0))
        grader.refresh_all()
        assert desk.rows("course", "rules") == []
        desk.configure("deadline = ", "deadline == ")  # it is being edited
        send(grader, "Bob")
        judge(grader, scored(20.5))
    with pytest.raises(HeldoutError, match="can't be read"):
        desk.board()


def test_a_regrade_is_begun_looked_at_and_applied(desk: Desk) -> None:
    words = ("regrade", "denoising")
    with pytest.raises(HeldoutError, match="no regrade of denoising is open"):
        desk.type(*words)
    assert "open, 0 of 3 judged." in desk.type(*words, "-m", "the noise was wrong")
    judge(desk.store, scored(20.0))  # Zoë's goes first
    with pytest.raises(HeldoutError, match="3 of 3 submissions are not judged yet"):
        desk.type(*words, "--preview")
    for value in (17.0, 21.0, 19.0):
        judge(desk.store, scored(value, private=value - 1))
    moved = {row["team"]: (row["rank"], row["newRank"]) for row in desk.rows(*words, "--preview")}
    assert moved == {ADA.team: (3, 1), "Bob": (2, 3), LONG.team: (1, 2)}
    assert "look with --preview, then --apply or --cancel" in desk.type(*words)
    assert "nobody moves" in desk.type(*words, "--preview")
    [row] = desk.rows(*words)
    assert (row["state"], row["submissions"], row["waiting"], row["broken"]) == ("open", 3, 0, 0)
    assert "applied, 3 of 3 judged." in desk.type(*words, "--apply")
    assert desk.board()[ADA.team] == 21.0
    desk.type(*words, 1, "-m", "again")
    assert "cancelled" in desk.type(*words, "--cancel")


@pytest.mark.parametrize(
    "words",
    [
        ("--apply", "--cancel"),
        ("--new-data", "1", "-m", "x"),
        ("--all", "1", "-m", "x"),
        ("1",),
        ("--all",),
        ("--new-data",),
        ("1", "--apply"),
        ("--all", "--preview"),
        ("--new-data", "--cancel"),
        ("--apply", "-m", "x"),
    ],
)
def test_what_contradicts_itself_is_refused(desk: Desk, words: tuple[str, ...]) -> None:
    arguments = ["regrade", "denoising", *words, "--course", str(desk.course.folder)]
    assert CliRunner().invoke(heldout, arguments).exit_code == 2


@pytest.mark.thorough
def test_new_data_are_those_of_todays_settings(desk: Desk) -> None:
    """Whatever an earlier set was drawn under that came to nothing."""
    from grader.catalogue import find
    from grader.prepared import load_data, prepare

    words = ("regrade", "denoising", "--new-data", "-m", "more of them")
    prepare(desk.course, find("denoising"))
    with pytest.raises(HeldoutError, match="the data drawn anew are those of today"):
        desk.type(*words)
    for items, version in ((80, 2), (96, 3)):
        desk.configure(f"items = {items - 16}", f"items = {items}")
        assert f"on version {version} of the" in desk.type(*words)
        assert len(load_data(desk.course, "denoising", version).heldout["public"]) == items
        with pytest.raises(HeldoutError, match="is open"):
            desk.type(*words)
        assert not desk.course.data("denoising", version + 1).exists(), "nothing was drawn in vain"
        desk.type("regrade", "denoising", "--cancel")


@pytest.mark.thorough
def test_damaged_data_of_a_later_version_are_drawn_again(desk: Desk) -> None:
    from grader.catalogue import find
    from grader.prepared import load_data, prepare

    prepare(desk.course, find("denoising"))
    desk.configure("items = 64", "items = 80")
    desk.type("withdraw", 4)  # the one that waits
    desk.type("regrade", "denoising", "--new-data", "-m", "more of them")
    for value in (17.0, 18.0, 19.0):
        judge(desk.store, scored(value))
    desk.type("regrade", "denoising", "--apply")
    before = load_data(desk.course, "denoising", 2).sha256
    folder = desk.course.data("denoising", 2)
    (folder / "heldout.npz").write_bytes(b"")
    with pytest.raises(HeldoutError, match="altered") as caught:
        load_data(desk.course, "denoising", 2)
    assert f"remove {folder} and run `heldout course init {desk.course.folder}`" in caught.value.next_step
    shutil.rmtree(folder)
    result = CliRunner().invoke(heldout, ["course", "init", str(desk.course.folder)])
    drawn = "version 2 of the data drawn by the secret seed, under the settings of today."
    assert f"denoising: {drawn}" in result.stdout
    assert load_data(desk.course, "denoising", 2).sha256 == before
