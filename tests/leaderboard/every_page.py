"""Every page of a server, made of records in which all that people type is one and the same text."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from grader.errors import NotFound
from grader.outline import RunKind
from grader.rules import Rules
from leaderboard.activity import Grader, Progress
from leaderboard.boards import Board as Which
from leaderboard.membership import Grant, Member, Person, Role
from leaderboard.records import Event, Place, Quota, Regrade, Showing, State, Submission
from leaderboard.render_rules import Move, Moves
from leaderboard.web import personal, site, staff
from leaderboard.web.board import Board
from leaderboard.web.frame import Frame, Menu
from leaderboard.web.frame import Place as Where
from leaderboard.web.site import Card, Own, Solution
from leaderboard.web.staff import Line, Sheaf
from tests.leaderboard.cases import PNG, RESOURCES, TRAINING, assignment
from tests.leaderboard.conftest import START
from tests.leaderboard.test_render import row, submission

ADA = Person("ada", "Ada Lovelace", Role.STUDENT, "Ada")
OMAR = Person("omar", "Omar", Role.OBSERVER)
ROSSI = Person("rossi", "Rossi", Role.INSTRUCTOR)
NOW = START + timedelta(hours=1)
RULES = Rules(deadline=START + timedelta(days=5), late_until=START + timedelta(days=6))
QUOTA = Quota(1, 5, 3, None, 1, 2, deadline=START + timedelta(days=9), next_at=NOW + timedelta(minutes=4))
STATEMENT = "# T\n\n$x^2$\n\n| | |\n|---|---|\n| a | b |\n\n## The task\n\n"
BOTH: Mapping[RunKind, Quota] = dict.fromkeys(RunKind, QUOTA)


def frame(person: Person | None = ADA, home: str = "../../") -> Frame:
    return Frame("Deep <learning>", home, True, person, 'c"srf', NOW, "events", "https://heldout.example.edu")


def menu(*, private: bool = False) -> Menu:
    places = [
        Where("denoising", kind, split) for split in (False, private)[: 1 + private] for kind in RunKind
    ]
    return Menu(replace(assignment(), rules=RULES), places, solutions=True)


def board(name: str = "Ada", *, private: bool = False) -> Board:
    rows = [row(name, members=(name, "x")), row("unet", rank=0, ref=4, team_id=8)]
    shown = {3: Showing({name: PNG}, {name: name}), 4: Showing({name: PNG})}
    return Board(menu().assignment, rows, RunKind.EVALUATE, shown, private=private)


def card(name: str = "Ada") -> Card:
    own = [Own(RunKind.EVALUATE, row(name), QUOTA), Own(RunKind.TRAIN, None, QUOTA)]
    return Card(menu(private=True), [board(name), board(name, private=True)], own)


def told(name: str, **changes: object) -> Submission:
    """One with all that a submission may have."""
    one = submission(
        file_name=name,
        team=name,
        description=name,
        write_up=name,
        progress=Progress(name, 3, 9, name, START),
        place=Place(2, 340.0),
    )
    assert one.judging
    judging = replace(
        one.judging,
        log=name,
        fault=f"SECRET FAULT {name}",
        resources=RESOURCES,
        training=TRAINING,
        same_as=name,
    )
    return replace(one, judging=replace(judging, texts={name: name}), **changes)  # type: ignore[arg-type]


def member(name: str) -> Member:
    return Member(name, name, Role.STUDENT, name, email=name, last_seen_at=START)


def wrong(name: str) -> NotFound:
    return NotFound(name, where=name, expected=name, next_step=name)


def submission_page(reader: Frame, name: str, **shown: object) -> str:
    return personal.submission_page(reader, menu(), told(name), showing=Showing({name: PNG}), **shown)  # type: ignore[arg-type]


PAGES: Mapping[str, Callable[[Frame, str], str]] = {
    "home": lambda f, name: site.home_page(f, [card(name)]),
    "assignment": lambda f, name: site.assignment_page(f, card(name), STATEMENT + name),
    "board": lambda f, name: site.board_page(f, menu(), board(name)),
    "private board": lambda f, name: site.board_page(f, menu(private=True), board(name, private=True)),
    "gallery": lambda f, name: site.gallery_page(f, menu(), [board(name)]),
    "solutions": lambda f, name: site.solutions_page(f, menu(), [Solution(3, name, name, START, row(name))]),
    "error": lambda f, name: site.error_page(f, wrong(name), 404),
    "mine": lambda f, name: personal.mine_page(
        f,
        menu(),
        [told(name), told(name, ref=9, run_kind=RunKind.TRAIN)],
        quotas=BOTH,
        revealed=dict.fromkeys(RunKind, True),
    ),
    "submission": submission_page,
    "login": lambda f, name: personal.login_page(f, name, wrong(name)),
    "account": lambda f, name: personal.account_page(replace(f, person=f.person or ADA), Grant(name, NOW)),
    "queue": lambda f, name: staff.queue_page(
        f,
        [told(name)],
        counts={State.QUEUED: 1200},
        graders=[Grader(name, 2, START, (3,))],
        oldest_seconds=90.0,
    ),
    "submissions": lambda f, name: staff.submissions_page(
        f, [told(name)], assignments={"denoising": assignment()}, slug="denoising", sheaf=Sheaf(2, 3)
    ),
    "roster": lambda f, name: staff.roster_page(f, [member(name)]),
    "audit": lambda f, name: staff.audit_page(f, [Event(START, name, name, name, {name: name, "n": [1]})]),
    "regrades": lambda f, name: staff.regrades_page(
        f,
        menu(),
        Regrade(1, "denoising", name, "open", 2, 9, 0, 1),
        [Moves(Which(assignment(), RunKind.EVALUATE), True, [Move(name, None, 2, None, 1.0)])],
    ),
    "grades": lambda f, name: staff.grades_page(
        f, menu(), [Line(member(name), row(name), row(name), 3, 1, NOW)]
    ),
}
