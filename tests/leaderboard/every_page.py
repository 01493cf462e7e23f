"""Every page of a server, made of records in which all that people type is one and the same text."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from grader.errors import NotFound
from grader.notebook.executed import Shown, pack
from grader.outline import BOARDED, RunKind
from grader.report import CellResult, CellState
from grader.rules import Rules
from grader.sandbox import Output
from leaderboard.activity import Grader, Pause, Progress
from leaderboard.activity import Tally as Queue
from leaderboard.boards import Board as Which
from leaderboard.grades.records import Shown as Grade
from leaderboard.marks import Given, Graded, Item, Mark, NotebookPoints
from leaderboard.membership import Grant, Member, Person, Role
from leaderboard.records import Event, Place, Quota, Regrade, Showing, Submission
from leaderboard.render_rules import Move, Moves
from leaderboard.web import marking, methods, notebook, personal, site, staff
from leaderboard.web.board import Board
from leaderboard.web.frame import Frame, Menu
from leaderboard.web.frame import Place as Where
from leaderboard.web.marking import Answer, Question, Reading, Tally, Typed
from leaderboard.web.site import Card, Offer, Own, Solution
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
        Where("denoising", kind, split) for split in (False, private)[: 1 + private] for kind in BOARDED
    ]
    return Menu(replace(assignment(), rules=RULES), places, solutions=True, notebook=True)


def board(name: str = "Ada", *, private: bool = False) -> Board:
    rows = [row(name, members=(name, "x")), row("unet", rank=0, ref=4, team_id=8)]
    shown = {3: Showing({name: PNG}, {name: name}), 4: Showing({name: PNG})}
    return Board(menu().assignment, rows, RunKind.EVALUATE, shown, private=private)


def card(name: str = "Ada") -> Card:
    own = [Own(RunKind.EVALUATE, row(name), QUOTA), Own(RunKind.TRAIN, None, QUOTA)]
    return Card(menu(private=True), [board(name), board(name, private=True)], own, notebook=Offer(20.0, 10.0))


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


QUESTION = Question("answer-a", False, True, 3.0)
MANUAL = Graded(CellResult("answer-a", CellState.MANUAL, 3.0))


def graded(name: str) -> list[Graded]:
    """All states, and what people give."""
    found = [
        Graded(CellResult(f"t{n}", state, 2.0, 1.0, 1.0, name, (name,))) for n, state in enumerate(CellState)
    ]
    return [*found, MANUAL, replace(MANUAL, mark=Mark(1.25, name, name, START, items(name)))]


def items(name: str) -> tuple[Item, ...]:
    return Item(name, 1.25, True), Item(f"not {name}", 1.75)


def ran(name: str) -> list[Shown]:
    printed, drawn = Output("error", "text/plain", name.encode()), Output("shown", "image/png", PNG)
    return [
        Shown("", "plain", False, f"## {name}\n\n{name}"),
        Shown("", "plain", False, f"#### {name}"),
        Shown("answer-a", "answer", False, name),
        Shown("t0", "test", True, name, (printed, drawn)),
        Shown("", "plain", True, "", (Output("shown", "image/png", name.encode()),)),
    ]


def told_notebook(name: str) -> Submission:
    one = told(name, run_kind=RunKind.NOTEBOOK)
    assert one.judging
    return replace(one, judging=replace(one.judging, cells=tuple(graded(name))))


def reading(name: str) -> Reading:
    """A question of prose or code, with answers of all kinds."""
    [part] = notebook.parts(3, pack(ran(name)), only="t0")
    given = [Given(1, "t0", 1.25, name, name, START, items(name)), Given(2, "t0", None, "", name, START)]
    answers = [
        Answer(3, name, graded(name)[-1], part, given),
        Answer(4, name, MANUAL),
        Answer(5, name, graded(name)[2], part),
    ]
    question = replace(QUESTION, asked=name, model=name, rubric=items(name))
    return Reading(question, answers, 0, Sheaf(2, 3), replace(QUESTION, id="answer-b"))


PAGES: Mapping[str, Callable[[Frame, str], str]] = {
    "home": lambda f, name: site.home_page(f, [card(name)]),
    "assignment": lambda f, name: site.assignment_page(f, card(name), STATEMENT + name),
    "board": lambda f, name: site.board_page(f, menu(), board(name)),
    "private board": lambda f, name: site.board_page(f, menu(private=True), board(name, private=True)),
    "methods": lambda f, name: methods.methods_page(
        f,
        menu(),
        [
            methods.Method(
                "baseline",
                "linear_vae",
                name,
                [methods.Block(name), methods.Block(name, formula=True)],
                [methods.Block(name)],
                {"model.py": f"# {name}\n", "train.py": name},
                [(board(name), row(name))],
                [(board(name), board(name).exhibits[0])],
            )
        ],
        STATEMENT,
    ),
    "gallery": lambda f, name: site.gallery_page(f, menu(), [board(name)]),
    "solutions": lambda f, name: site.solutions_page(f, menu(), [Solution(3, name, name, START, row(name))]),
    "error": lambda f, name: site.error_page(f, wrong(name), 404),
    "mine": lambda f, name: personal.mine_page(
        f,
        menu(),
        [told(name), told(name, ref=9, run_kind=RunKind.TRAIN), told_notebook(name)],
        quotas=BOTH,
        revealed=dict.fromkeys(RunKind, True),
        cells={3: graded(name)},
    ),
    "my grades": lambda f, name: personal.grades_page(
        f, [Grade(name, 9.5, 10.0, "A", (name, name)), Grade(name, None, None, withheld=True)]
    ),
    "submission": submission_page,
    "notebook": lambda f, name: personal.submission_page(
        f, menu(), told_notebook(name), executed=pack(ran(name)), own=False
    ),
    "notebooks": lambda f, name: marking.notebooks_page(
        f,
        menu(),
        [NotebookPoints(3, name, START, 2.5, 5.0, 1, "d" * 64)],
        [Tally(QUESTION, 2, 1, 2.5), Tally(replace(QUESTION, id="b", by_hand=False))],
        source_sha256="e" * 64,
    ),
    "marking": lambda f, name: marking.marking_page(
        f, menu(), reading(name), Typed(3, name, name, wrong(name))
    ),
    "blind marking": lambda f, name: marking.marking_page(f, menu(), replace(reading(name), names=False)),
    "login": lambda f, name: personal.login_page(f, name, wrong(name)),
    "account": lambda f, name: personal.account_page(replace(f, person=f.person or ADA), Grant(name, NOW)),
    "queue": lambda f, name: staff.queue_page(
        f,
        [told(name)],
        Queue(
            {"queued": 1200},
            90.0,
            (Grader(name, 2, START, (3,)), Grader(name, 2, START, lanes={name: 2}, draining=True)),
            (Pause("", name, START), Pause("denoising", "", START)),
            regrades=7,
            judged_hour=12,
            empty_seconds=4_000.0,
        ),
        ["denoising", "vae"],
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
