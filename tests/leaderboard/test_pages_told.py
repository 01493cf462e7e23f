"""What pages tell, and what they keep to themselves."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from grader.errors import HeldoutError, NotFound
from grader.outline import RunKind
from grader.rules import Counts, Rules
from leaderboard.membership import Grant, Person
from leaderboard.records import Regrade, Showing, State, Submission, TeamKind
from leaderboard.web import personal, site, staff
from leaderboard.web.curve import curve, has_curve
from leaderboard.web.drawing import described
from leaderboard.web.frame import Menu
from leaderboard.web.site import Solution
from tests.leaderboard.cases import PNG, RESOURCES, TRAINING, assignment
from tests.leaderboard.conftest import START
from tests.leaderboard.every_page import ADA, BOTH, NOW, OMAR, ROSSI, board, card, frame, menu, told
from tests.leaderboard.markup import Markup
from tests.leaderboard.test_charts import parsed
from tests.leaderboard.test_render import row, submission

PRIVATE = "18.50"  # what `submission` has on the private items
NEITHER = dict.fromkeys(RunKind, False)


def page_of(one: Submission, reader: Person = ADA, **shown: object) -> Markup:
    return Markup(personal.submission_page(frame(reader), menu(), one, **shown))  # type: ignore[arg-type]


def mine(*listed: Submission, revealed: bool = False, **rules: object) -> Markup:
    ruled = replace(assignment(), rules=Rules(**rules))  # type: ignore[arg-type]
    told_of = dict.fromkeys(RunKind, revealed)
    return Markup(personal.mine_page(frame(), Menu(ruled, []), listed, quotas=BOTH, revealed=told_of))


# ---------------------------------------------------------------- a submission


def test_private_scores_wait_for_the_reveal() -> None:
    one = told("x")
    assert PRIVATE not in page_of(one).html
    assert PRIVATE in page_of(one, revealed=True).html
    assert '<th scope="col" class="number">private</th>' not in mine(one).html
    assert PRIVATE not in mine(one).html
    assert PRIVATE in mine(one, revealed=True).html


@pytest.mark.parametrize("state", list(State))
def test_no_student_reads_our_traceback_or_a_seed(state: State) -> None:
    one = told("x", state=state)
    for reader in (ADA, OMAR, ROSSI):
        found = page_of(one, reader, revealed=True)
        assert ("SECRET FAULT" in found.html) is (reader is not ADA)
        assert "4294967295" not in found.html
        assert not re.search("seed", found.text)


def test_what_was_used_is_rounded() -> None:
    used = replace(RESOURCES, wall_seconds=1.2345, cpu_seconds=2.3456, peak_bytes=(2 << 30) - 12345)
    one = told("x")
    assert one.judging
    found = page_of(replace(one, judging=replace(one.judging, resources=used)))
    assert "1.2 s wall" in found.text
    assert "2.3 s CPU, 2 GiB of 2 GiB" in found.text
    assert "what was printed on held-out items was dropped" in found.text
    assert not re.search(r"1\.23|2\.34|1234", found.text)


def test_of_a_score_that_is_withheld_nothing_is_shown() -> None:
    one = told("what it wrote", released=False, description="d", file_name="f", team="t", write_up="")
    assert one.judging
    one = replace(one, judging=replace(one.judging, same_as="", log=""), progress=None)
    found = page_of(one, showing=Showing({"walk": PNG}, {"x": "what it wrote"}))
    assert "19.25" not in found.html
    assert "What it makes of public examples" not in found.html
    assert "you may still select this one" in found.text


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(None, "No grader is at work"), (340.0, "2 submissions go before it. It begins in about 6 min.")],
)
def test_one_that_waits_is_told_its_place(seconds: float | None, says: str) -> None:
    one = told("x", state=State.QUEUED, progress=None)
    assert one.place
    found = page_of(replace(one, place=replace(one.place, seconds=seconds)))
    assert says in " ".join(found.text.split())


def test_one_that_runs_shows_how_far_it_is_and_can_not_be_withdrawn() -> None:
    found = page_of(told("phase", state=State.RUNNING, place=None))
    assert found.every("progress") == [{"max": "9", "value": "3", "aria-labelledby": "progress"}]
    assert "withdraw" not in found.html


def test_one_that_failed_says_why() -> None:
    found = page_of(submission(State.FAILED))
    assert "Why it failed: timeout" in found.text
    assert "next: be quick" in found.text


@pytest.mark.parametrize(
    ("changed", "actions"),
    [
        ({}, ["writeup", "withdraw"]),
        ({"withdrawn": True}, ["withdraw"]),
        ({"state": State.CANCELLED}, ["withdraw"]),
        ({"state": State.QUEUED, "judging": None}, ["withdraw"]),
        ({"state": State.FAILED}, ["withdraw"]),
    ],
)
def test_what_a_team_may_do(changed: dict[str, object], actions: list[str]) -> None:
    found = page_of(submission(**changed))  # type: ignore[arg-type]
    assert [(form["action"] or "").rpartition("/")[2] for form in found.every("form")] == actions
    undone = changed.get("withdrawn") or changed.get("state") is State.CANCELLED
    assert ({"type": "hidden", "name": "undo", "value": "1"} in found.every("input")) is bool(undone)
    assert page_of(submission(), own=False).every("form") == []
    assert "writeup" not in page_of(submission(), ROSSI).html  # nobody writes in a team's name


# ---------------------------------------------------------------- my submissions


def test_final_ones_are_ticked_board_by_board() -> None:
    ours = [
        submission(ref=1, selected=True),
        submission(ref=2),
        submission(State.FAILED, ref=3),
        submission(ref=4, withdrawn=True),
        submission(ref=5, run_kind=RunKind.TRAIN),
    ]
    found = mine(*ours)
    boxes = [each for each in found.every("input") if each.get("type") == "checkbox"]
    assert [(each["value"], "checked" in each) for each in boxes] == [("1", True), ("2", False), ("5", False)]
    [form] = found.every("form")
    assert form["action"] == "../../assignments/denoising/mine/select"
    assert "at most 2" in found.text
    assert mine(*ours, counts=Counts.LAST).every("form") == []


def test_who_has_handed_in_nothing_reads_what_to_type() -> None:
    assert 'heldout submit denoising --train -m "the starter"' in mine().text


# ---------------------------------------------------------------- the course and its assignments


def test_an_assignment_shows_its_formulas_its_limits_and_what_is_left() -> None:
    read = Markup(site.assignment_page(frame(), card(), "# Denoise\n\n$$\n\\frac{1}{x}\n$$\n"))
    assert read.tags.count("math") == read.tags.count("mfrac") == 1
    assert read.tags.count("h1") == 1
    said = " ".join(read.text.split())
    for words in (
        "heldout login https://heldout.example.edu",
        "heldout submit denoising -m",
        "20 MB; a train run 16 KiB",
        "left today 4",
        "your deadline 25 Nov 2026, 09:00 UTC in 8 days",
        "deadline 21 Nov 2026, 09:00 UTC in 4 days",
        "next one 16 Nov 2026, 10:04 UTC in 4 min",
    ):
        assert words in said


def test_an_instructor_reveals_and_hides() -> None:
    for revealed in (False, True):
        read = Markup(site.assignment_page(frame(ROSSI), replace(card(), revealed=revealed)))
        [form] = read.every("form")
        assert form["action"] == "../../staff/denoising/reveal"
        assert ({"type": "hidden", "name": "undo", "value": "1"} in read.every("input")) is revealed


def test_a_course_shows_what_a_team_has_everywhere() -> None:
    boards = [board(), replace(board(), run_kind=RunKind.TRAIN)]
    said = " ".join(Markup(site.home_page(frame(), [replace(card(), boards=boards)])).text.split())
    assert "1 assignment." in said
    assert "yours 19.25, rank 1; 4 left today" in said
    assert "yours nothing yet; 4 left today" in said
    assert "has no assignments yet" in site.home_page(frame(), [])


def test_the_shipped_come_first_in_the_gallery_and_all_of_the_board_is_there() -> None:
    rows = [row(f"team {rank}", rank=rank, ref=rank, team_id=rank) for rank in range(1, 41)]
    rows.insert(20, row("unet", rank=0, ref=99, team_id=99, kind=TeamKind.REFERENCE))
    many = replace(board(), rows=rows, showings={one.ref: Showing({"walk": PNG}) for one in rows})
    found = Markup(site.gallery_page(frame(), menu(), [many]))
    assert [figure["id"] for figure in found.every("figure")][:3] == ["entry-99", "entry-1", "entry-2"]
    assert len(found.images) == 41
    few = site.board_page(frame(), menu(), many)
    assert len([image for image in Markup(few).images if "pictures/" in (image["src"] or "")]) == 13
    assert 'href="#entry-3"' in few
    assert 'href="../../assignments/denoising/gallery/#entry-30"' in few


def test_write_ups_keep_their_order() -> None:
    told_of = [Solution(ref, f"team {ref}", "# How\n\nmuch $x$", START, row(ref=ref)) for ref in (5, 3)]
    read = Markup(site.solutions_page(frame(), menu(), [*told_of, Solution(9, "late", "", START)]))
    assert [article["id"] for article in read.every("article")] == ["entry-5", "entry-3", "entry-9"]
    assert read.tags.count("math") == 2


@pytest.mark.parametrize(
    ("status", "says"),
    [(404, "Nothing here"), (418, "That didn't work"), (500, "Something broke on our side")],
)
def test_an_error_has_its_four_parts(status: int, says: str) -> None:
    error = NotFound("no such thing", where="over there", expected="another", next_step="look elsewhere")
    read = Markup(site.error_page(frame(None), error, status))
    assert all(part in read.text for part in (says, str(status), "over there", "another", "look elsewhere"))


# ---------------------------------------------------------------- the door


def test_a_link_with_a_token_only_fills_it_in() -> None:
    read = Markup(personal.login_page(frame(None), 'ht"<b>'))
    [form] = read.every("form")
    assert (form["method"], "action" in form) == ("post", False)  # where to go on to stays in the address
    [field] = [each for each in read.every("input") if each.get("name") == "token"]
    assert field["value"] == 'ht"<b>'
    assert "autofocus" in Markup(personal.login_page(frame(None))).every("input")[1]
    refused = personal.login_page(frame(None), error=HeldoutError("this token has been used"))
    assert 'role="alert"' in refused


def test_a_token_for_the_command_line_is_shown_with_its_time() -> None:
    shown = personal.account_page(frame(), Grant("ht_secret", NOW + timedelta(minutes=10)))
    assert "ht_secret" in shown
    assert "within 10 min" in shown
    assert "ht_secret" not in personal.account_page(frame())


# ---------------------------------------------------------------- the staff's


def test_a_set_is_applied_only_when_all_of_it_is_judged() -> None:
    for waiting, actions in ((3, ["cancel"]), (0, ["apply", "cancel"])):
        regrade = Regrade(1, "denoising", "why", "open", 1, 9, waiting, 0)
        read = Markup(staff.regrades_page(frame(ROSSI), menu(), regrade))
        assert [(form["action"] or "").rpartition("/")[2] for form in read.every("form")] == actions
    assert "No set is open" in staff.regrades_page(frame(ROSSI), menu(), None)


# ---------------------------------------------------------------- the curve of a training


@pytest.mark.parametrize(
    "losses",
    [
        (0.5, 0.25),
        (1.0, 1.0, 1.0),
        (1e6, 1.0, 1e-5),
        (-3.0, -2.0, float("nan"), float("inf"), 1e300, -1e300, -4.0),
        (0.0, 0.0),
        (5e-324, 1e11),
    ],
)
def test_any_losses_can_be_drawn(losses: tuple[float, ...]) -> None:
    told_of = replace(TRAINING, curve=tuple(enumerate(losses)))
    drawn = curve(told_of)
    parsed(drawn)
    assert not re.search(r"nan|inf", drawn)
    assert "The loss, as the training told it" in described(drawn)
    for number in re.findall(r'(?:x1|y1|x2|y2|x|y)="(-?[\d.]+)"', drawn):
        assert -10 <= float(number) <= 810


def test_steps_that_stand_still_and_a_single_point() -> None:
    parsed(curve(replace(TRAINING, curve=((7, 1.0), (7, 2.0)))))
    for few in ((), ((1, 1.0),), ((1, 1.0), (2, float("nan")))):
        assert not has_curve(replace(TRAINING, curve=few))
    assert "curve.svg" not in page_of(replace(told("x"), state=State.RUNNING)).html or has_curve(TRAINING)
