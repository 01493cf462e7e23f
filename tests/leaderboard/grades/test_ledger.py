"""The gradebook in a database: which submissions count, what is applied and entered, who sees it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from grader.errors import HeldoutError, NotFound, Refused
from grader.spec import Assignment, RunKind
from leaderboard.database import Database
from leaderboard.grades.facts import NotebookPoints
from leaderboard.grades.policy_file import PolicyFile, parse_policy
from leaderboard.grades.records import Entry
from leaderboard.grades.sheets import Grade
from leaderboard.records import Student
from leaderboard.store import Store
from tests.leaderboard.cases import ADA, BOB, assignment, failed, judge, scored, send
from tests.leaderboard.conftest import START, Clock
from tests.leaderboard.grades.classes import GIVEN, ITEM

PUBLIC = ITEM + 'split = "public"\n'
NOTEBOOK = '\n[[items]]\nname = "NB"\nkind = "notebook"\nassignment = "denoising"\npoints = 20\n'
DUE = START + timedelta(days=7)
LATE_UNTIL = DUE + timedelta(days=5)
LATE = "late = { percent = 10, per = 'day' }\n"


class Course:
    """A store under rules that a test may change."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.rules: dict[str, Any] = {"deadline": DUE, "late_until": LATE_UNTIL, "counts": "best"}
        self.clock = clock
        self.store = Store.open(url, clock=clock, assignments=self.assignment, actor="ines")
        self.store.import_roster([ADA, BOB])

    def assignment(self, slug: str) -> Assignment:
        return replace(assignment(**self.rules), slug=slug)

    def hand_in(self, score: float, team: str = "Ada Lovelace", *, private: float | None = None) -> int:
        send(self.store, team)
        return judge(self.store, scored(score, private=score if private is None else private)).ref

    def grade(self, policy: str = ITEM, username: str = "ada", item: str = "HW1", **more: Any) -> Grade:
        sheets = self.store.grades.preview(parse_policy(policy), **more)
        return next(one for one in sheets if one.pupil.username == username).grade(item)

    def apply(self, policy: str = ITEM, **more: Any) -> int:
        return self.store.grades.apply(parse_policy(policy), **more).events

    def enter(self, points: float | None, item: str = "HW1", policy: str = ITEM, why: str = "because") -> int:
        return self.store.grades.enter(parse_policy(policy), [Entry(item, "ada", points)], why)


@pytest.fixture
def course(url: str, clock: Clock) -> Any:
    made = Course(url, clock)
    yield made
    made.store.close()


# ---------------------------------------------------------------- which submission counts


def test_what_stands_counts(course: Course) -> None:
    first = course.hand_in(18.75, private=17.8)
    course.hand_in(18.0, private=19.7)  # worse on the public board
    found = course.grade()
    assert (found.ref, found.raw, found.total) == (first, 17.8, 50.0)
    assert course.grade(PUBLIC).total == 75.0
    assert found.data_sha256 == "d" * 64
    assert found.judging_id is not None
    course.rules["counts"] = "last"
    assert course.grade().total == 100.0


def test_a_teams_score_is_each_members(course: Course) -> None:
    course.store.import_roster([Student("Eve", "eve@example.org", "eve", "Bob")])
    course.hand_in(19.7, "Bob")
    assert [course.grade(username=name).total for name in ("ada", "bob", "eve")] == [0.0, 100.0, 100.0]


def test_merged_teams(course: Course) -> None:
    course.hand_in(19.7)
    course.store.decisions.merge("Bob", "Ada Lovelace", [course.assignment("denoising")])
    assert [course.grade(username=name).total for name in ("ada", "bob")] == [100.0, 100.0]


def test_what_is_withdrawn_failed_or_barred_counts_nothing(course: Course) -> None:
    send(course.store, "Ada Lovelace")
    judge(course.store, failed())
    assert course.grade().total == 0.0
    ref = course.hand_in(19.7)
    course.store.decisions.withdraw(ref, course.assignment("denoising"))
    assert course.grade().total == 0.0
    course.store.decisions.withdraw(ref, course.assignment("denoising"), undo=True)
    assert course.grade().total == 100.0
    course.store.decisions.disqualify(course.assignment("denoising"), "Ada Lovelace", "copied")
    assert course.grade().total == 0.0
    course.store.decisions.reinstate(course.assignment("denoising"), "Ada Lovelace")
    assert course.grade().total == 100.0


def test_each_kind_of_run_has_its_own(course: Course) -> None:
    course.hand_in(19.7)
    numbers = ITEM.replace('"baseline"', "17.8").replace('"reference"', "19.7")
    assert course.grade(numbers + 'run_kind = "train"').total == 0.0
    send(course.store, "Ada Lovelace", run_kind=RunKind.TRAIN)
    judge(course.store, scored(19.7, private=17.8))
    assert course.grade(numbers + 'run_kind = "train"').total == 50.0


def test_a_regrade_is_honoured(course: Course) -> None:
    ref = course.hand_in(19.7)
    course.store.regrades.begin(course.assignment("denoising"), [ref], reason="the noise was wrong")
    judge(course.store, scored(17.8, private=17.8))
    assert course.grade().total == 100.0
    course.store.regrades.apply(course.assignment("denoising"))
    assert course.grade().total == 50.0


def test_late_submissions(course: Course) -> None:
    course.hand_in(17.8)
    course.clock.now = DUE + timedelta(hours=30)
    late = course.hand_in(19.7)
    assert course.grade().total == 50.0
    found = course.grade(ITEM + LATE)
    assert (found.ref, found.points, found.total) == (late, 100.0, 80.0)
    assert course.grade("slack = { days = 2 }" + ITEM + LATE).slack == 2.0


def test_extensions_move_the_deadline(course: Course) -> None:
    course.clock.now = DUE + timedelta(hours=30)
    course.hand_in(19.7)
    assert course.grade(ITEM + LATE).total == 80.0
    course.store.decisions.extend(course.assignment("denoising"), "ada", DUE + timedelta(days=1))
    assert course.grade(ITEM + LATE).total == 90.0
    course.rules["extensions"] = {"ADA": DUE + timedelta(days=2)}
    assert course.grade().total == 100.0
    own = f"deadline = {(DUE - timedelta(days=3)).isoformat()}"  # extensions move an item's own, too
    assert course.grade(ITEM + own).total == 100.0


def test_an_items_own_deadline(course: Course) -> None:
    course.clock.now = DUE - timedelta(hours=30)
    course.hand_in(19.7)
    own = f"deadline = {(DUE - timedelta(days=3)).isoformat()}\n"
    assert [course.grade(ITEM + more).total for more in ("", own, own + LATE)] == [100.0, 0.0, 80.0]


@pytest.mark.parametrize(
    ("rule", "total"),
    [("", 100.0), (", score = 17.8", 100.0), (', score = "pass"', 90.0), (", score = 17.9", 90.0)],
)
def test_the_early_rule(course: Course, rule: str, total: float) -> None:
    course.hand_in(17.8)
    by = course.clock.now + timedelta(hours=1)
    course.clock.go(hours=2)
    course.hand_in(19.7)
    early = f"early = {{ by = {by.isoformat()}, percent = 10{rule} }}"
    assert course.grade(ITEM + early).total == total
    course.hand_in(19.7, "Bob")
    assert course.grade(ITEM + early, "bob").total == 90.0


class Handed:
    """Notebooks that were handed in."""

    def __init__(self, *lines: tuple[float, datetime, int]) -> None:
        self._lines = lines

    def points(self, slug: str) -> Sequence[NotebookPoints]:
        assert slug == "denoising"
        return [
            NotebookPoints(number, "ada  LOVELACE", at, points, 50.0, pending, "e" * 64)
            for number, (points, at, pending) in enumerate(self._lines, start=1)
        ]


def test_notebooks(course: Course) -> None:
    handed = Handed((20.0, START, 3), (40.0, DUE - timedelta(days=1), 0), (50.0, DUE + timedelta(days=1), 0))
    found = course.grade(NOTEBOOK, item="NB", notebooks=handed)
    assert (found.raw, found.total, found.data_sha256) == (0.8, 16.0, "e" * 64)
    assert course.grade(NOTEBOOK + LATE, item="NB", notebooks=handed).total == 18.0
    early = f"early = {{ by = {START.isoformat()}, percent = 50, score = 0.41 }}"
    assert course.grade(NOTEBOOK + early, item="NB", notebooks=handed).total == 8.0
    assert course.apply(NOTEBOOK, notebooks=handed) == 4
    assert course.apply(NOTEBOOK, notebooks=handed) == 0
    with pytest.raises(HeldoutError, match="nobody knows of notebooks for denoising"):
        course.grade(NOTEBOOK, item="NB")


# ---------------------------------------------------------------- what is applied


def rows(url: str) -> list[tuple[Any, ...]]:
    database = Database(url)
    with database.reading() as session:
        found = session.execute(text("SELECT * FROM grade_events ORDER BY id")).all()
    database.close()
    return [tuple(row) for row in found]


def test_applying_twice_writes_nothing_new(course: Course, url: str) -> None:
    course.hand_in(18.75)
    assert course.apply() == 4  # two students, an item and the total
    before = rows(url)
    assert course.apply() == 0
    assert course.apply(ITEM + "# worded anew") == 0
    assert rows(url) == before
    book = course.store.grades.applied()
    assert book is not None
    assert book.file.text == ITEM + "# worded anew"
    found = book.of("ada")
    assert found is not None
    assert found.grades["HW1"].policy_sha256 == parse_policy(ITEM).sha256
    assert found.total is not None
    assert (found.total.total, found.total.possible, book.who) == (75.0, 100.0, "ines")


def test_who_applies_at_the_same_time_writes_nothing_twice(course: Course, url: str) -> None:
    course.hand_in(18.75)
    course.apply()
    course.hand_in(19.7)
    with ThreadPoolExecutor(4) as threads:
        written = list(threads.map(lambda _: course.apply(), range(4)))
    assert sorted(written) == [0, 0, 0, 2]
    assert len(rows(url)) == 6


def test_a_changed_score_is_a_new_event_and_the_old_one_stays(course: Course, url: str) -> None:
    course.hand_in(18.75)
    course.apply()
    before = rows(url)
    course.clock.go(days=1)
    course.hand_in(19.7)
    assert course.apply() == 2
    assert rows(url)[: len(before)] == before
    told = [(one.item, one.total, one.at) for one in course.store.grades.history("ada")]
    assert told == [("HW1", 75.0, START), ("total", 75.0, START)] + [
        (item, 100.0, START + timedelta(days=1)) for item in ("HW1", "total")
    ]
    assert [one.action for one in course.store.decisions.events()].count("grades applied") == 2


def test_an_item_that_is_gone_is_history(course: Course) -> None:
    course.apply(ITEM + GIVEN)
    course.apply()
    book = course.store.grades.applied()
    assert book is not None
    assert [list(one.grades) for one in book.students] == [["HW1"], ["HW1"]]
    assert "Essay" in {one.item for one in course.store.grades.history("ada")}


def test_what_is_entered_counts_until_it_is_taken_back(course: Course) -> None:
    course.hand_in(18.75)
    course.apply()
    assert course.enter(90.0) == 1
    assert course.enter(90.0) == 0
    for _ in range(2):
        course.apply()
        assert course.grade().total == 90.0
    assert course.enter(None) == 1
    course.apply()
    assert course.grade().total == 75.0
    kinds = [(one.kind, one.total) for one in course.store.grades.history("ada") if one.item == "HW1"]
    assert kinds == [
        ("applied", 75.0),
        ("entered", 90.0),
        ("applied", 90.0),
        ("entered", None),
        ("applied", 75.0),
    ]
    with pytest.raises(Refused, match="no entered points for 'HW1' to take back"):
        course.enter(None)


def test_given_points(course: Course) -> None:
    both = ITEM + GIVEN
    course.enter(15.0, "essay", both)
    assert course.grade(both, item="Essay").total == 15.0
    assert course.grade(both, "bob", "Essay").total == 0.0


@pytest.mark.parametrize(
    ("entry", "why", "said"),
    [
        (Entry("HW9", "ada", 1.0), "x", "the policy has no item 'HW9'"),
        (Entry("HW1", "eve", 1.0), "x", "there is no student 'eve'"),
        (Entry("HW1", "ada", -1.0), "x", "-1 are no points"),
        (Entry("HW1", "ada", float("nan")), "x", "nan are no points"),
        (Entry("HW1", "ADA@example.org", 2.0), "x", "'ada' is there twice for 'HW1'"),
        (Entry("HW1", "bob", 2.0), " ", "entered points need a reason"),
    ],
)
def test_all_that_is_entered_or_none(course: Course, entry: Entry, why: str, said: str) -> None:
    with pytest.raises(HeldoutError, match=said):
        course.store.grades.enter(parse_policy(ITEM), [Entry("HW1", "ada", 1.0), entry], why)
    assert course.store.grades.history("ada") == []


# ---------------------------------------------------------------- who sees what


def shown(course: Course) -> dict[str, tuple[float | None, bool]]:
    return {one.item: (one.total, one.withheld) for one in course.store.grades.of_student("ada")}


def test_a_student_sees_nothing_of_a_private_board_before_it_is_revealed(course: Course) -> None:
    course.hand_in(18.75)
    assert course.store.grades.of_student("ada") == []
    course.apply(ITEM + GIVEN)
    assert shown(course) == {"HW1": (None, True), "Essay": (0.0, False), "total": (None, True)}
    assert all(not one.steps for one in course.store.grades.of_student("ada") if one.withheld)
    book = course.store.grades.applied()
    assert book is not None
    assert book.hidden == {"HW1"}
    course.clock.now = LATE_UNTIL + timedelta(days=1)
    course.store.decisions.reveal(course.assignment("denoising"))
    assert shown(course) == {"HW1": (75.0, False), "Essay": (0.0, False), "total": (75.0, False)}
    with pytest.raises(NotFound):
        course.store.grades.of_student("eve")


def test_a_frozen_board_is_not_told_by_grades(course: Course) -> None:
    course.hand_in(18.75)
    course.apply(PUBLIC)
    assert shown(course)["HW1"] == (75.0, False)
    course.rules["freeze"] = course.clock.now
    assert shown(course)["HW1"] == (None, True)


def test_why_points_were_entered_is_not_told(course: Course) -> None:
    course.enter(90.0, why="illness")
    course.apply()
    [found, _] = course.store.grades.of_student("ada")
    assert (found.total, found.steps) == (90.0, ("90 of 100 points, entered by hand",))
    [applied] = [one for one in course.store.grades.history("ada") if one.kind == "applied" and one.by_hand]
    assert "illness" in applied.steps


def test_a_policy_is_kept_in_full(course: Course) -> None:
    wanted = PolicyFile(parse_policy(ITEM).policy, ITEM + "# für alle: 100 €\r\n")
    course.store.grades.apply(wanted)
    book = course.store.grades.applied()
    assert book is not None
    assert (book.file.text, book.file.sha256) == (wanted.text, wanted.sha256)
