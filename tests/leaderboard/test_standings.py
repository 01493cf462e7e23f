"""Boards that are kept are those worked out anew from all submissions, after whatever has happened.

The reference below knows the rules and the raw submissions, and nothing of how boards are kept.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from grader.errors import HeldoutError
from grader.report import Report, Verdict
from grader.rules import Counts, Rules
from grader.spec import Assignment
from leaderboard.reading import board
from leaderboard.records import Row, State, Student, Submission
from leaderboard.store import Store
from tests.leaderboard.cases import assignment, broke, failed, scored, send
from tests.leaderboard.conftest import START, Clock

HOUR = timedelta(hours=1)
TEAMS = ("Ada", "Bob", "Carol")
RULES = (
    assignment(),
    assignment(deadline=START + 6 * HOUR, counts="last"),
    assignment(deadline=START + 3 * HOUR, late_until=START + 90 * HOUR, extensions={"bob": START + 8 * HOUR}),
    assignment(counts="selected", selections=1),
)


@dataclass
class World:
    """A course, and what the test itself knows of it: enough to work out every board."""

    store: Store
    clock: Clock
    rules: int = 0
    teams: dict[str, str] = field(default_factory=lambda: {name: name for name in TEAMS})  # of a student
    barred: set[str] = field(default_factory=set)
    extended: dict[str, datetime] = field(default_factory=dict)
    seen: list[tuple[datetime, bool, list[Row]]] = field(default_factory=list)

    @property
    def under(self) -> Assignment:
        return RULES[self.rules]

    def refs(self) -> list[int]:
        return [one.ref for one in self.store.submissions("denoising")]


Step = tuple[str, int, int]
NAMES = (
    "send", "score", "score", "fail", "break", "withdraw", "bring back", "select", "disqualify", "reinstate",
    "extend", "take back", "merge", "part", "part", "rules", "regrade", "look",
)  # fmt: skip
steps = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 5), st.integers(0, 5)), min_size=10, max_size=20
)


def take_step(world: World, step: Step) -> None:
    """What is refused is refused: then nothing happens."""
    name, first, second = step
    world.clock.go(hours=1)
    with suppress(HeldoutError, IndexError):
        STEPS[name](world, first, second)


def do_send(world: World, first: int, second: int) -> None:
    send(world.store, TEAMS[first % 3])


def do_score(world: World, first: int, second: int) -> None:
    record(world, scored(15.0 + first, private=15.0 + second))


def record(world: World, report: Report) -> None:
    if (job := world.store.claim("grader", 60.0)) is not None:
        assert world.store.record(job, report)


def do_withdraw(world: World, first: int, second: int, *, undo: bool = False) -> None:
    world.store.decisions.withdraw(world.refs()[first], world.under, undo=undo)


def do_select(world: World, first: int, second: int) -> None:
    world.store.decisions.select([world.refs()[first]], world.under)


def do_disqualify(world: World, first: int, second: int) -> None:
    world.store.decisions.disqualify(world.under, TEAMS[first % 3], "copied")
    world.barred.add(world.teams[TEAMS[first % 3]])


def do_reinstate(world: World, first: int, second: int) -> None:
    world.store.decisions.reinstate(world.under, TEAMS[first % 3])
    world.barred.discard(world.teams[TEAMS[first % 3]])


def do_extend(world: World, first: int, second: int) -> None:
    name, until = TEAMS[first % 3].lower(), START + (4 + second) * HOUR
    world.store.decisions.extend(world.under, name, until)
    world.extended[name] = until


def do_take_back(world: World, first: int, second: int) -> None:
    name = TEAMS[first % 3].lower()
    world.store.decisions.extend(world.under, name, None)
    del world.extended[name]


def do_merge(world: World, first: int, second: int) -> None:
    into, other = TEAMS[first % 3], TEAMS[second % 3]
    world.store.decisions.merge(into, other, [world.under])
    kept, gone = world.teams[into], world.teams[other]
    world.teams = {name: kept if team == gone else team for name, team in world.teams.items()}


def do_part(world: World, first: int, second: int) -> None:
    name = TEAMS[first % 3]
    world.store.decisions.part(name, [world.under])
    members = {
        member: team.name
        for team in world.store.teams()
        for member in TEAMS
        if member.lower() in team.members
    }
    assert members[name] == name
    world.teams = members


def do_rules(world: World, first: int, second: int) -> None:
    world.rules = first % len(RULES)


def do_regrade(world: World, first: int, second: int) -> None:
    regrades = world.store.regrades
    regrades.begin(world.under, everything=True, reason="again")
    while job := world.store.claim("grader", 60.0):
        assert world.store.record(job, scored(15.0 + (job.ref + first) % 6, private=15.0 + second))
    regrades.apply(world.under)


def do_look(world: World, first: int, second: int) -> None:
    for private in (False, True):
        rows = board(world.store, world.under, private=private)
        world.seen.append((world.clock.now, private, rows))


STEPS: dict[str, Callable[[World, int, int], None]] = {
    "send": do_send,
    "score": do_score,
    "fail": lambda world, first, second: record(world, failed()),
    "break": lambda world, first, second: record(world, broke()),
    "withdraw": do_withdraw,
    "bring back": lambda world, first, second: do_withdraw(world, first, second, undo=True),
    "select": do_select,
    "disqualify": do_disqualify,
    "reinstate": do_reinstate,
    "extend": do_extend,
    "take back": do_take_back,
    "merge": do_merge,
    "part": do_part,
    "rules": do_rules,
    "regrade": do_regrade,
    "look": do_look,
}


# ---------------------------------------------------------------- the reference


Stands = Mapping[str, tuple[int, float, int]]  # team → submission, score, entries


def worked_out(world: World, *, private: bool) -> Stands:
    found = {}
    for team, own in itertools.groupby(
        sorted(world.store.submissions("denoising"), key=lambda one: (one.team, one.received_at, one.ref)),
        key=lambda one: one.team,
    ):
        theirs = list(own)
        chosen = choose(world, team, theirs, private=private)
        if chosen is not None and team not in world.barred:
            entries = sum(one.state in (State.SCORED, State.FAILED) for one in theirs)
            found[team] = (chosen.ref, value(chosen, private=private), entries)
    return found


def choose(world: World, team: str, own: Sequence[Submission], *, private: bool) -> Submission | None:
    rules = world.under.rules
    deadline = deadline_of(world, team, rules)
    scored_ones = [
        one
        for one in own
        if one.state is State.SCORED
        and not one.withdrawn
        and (deadline is None or one.received_at <= deadline)
    ]
    selected = [one for one in scored_ones if one.selected]
    if private and rules.counts is Counts.LAST:
        return scored_ones[-1] if scored_ones else None
    if private and rules.counts is Counts.SELECTED and selected:
        return max(selected, key=lambda one: value(one, private=True))
    released = [one for one in scored_ones if one.released]
    return max(released, key=lambda one: value(one, private=False), default=None)


def deadline_of(world: World, team: str, rules: Rules) -> datetime | None:
    if rules.deadline is None:
        return None
    members = [name.lower() for name, its in world.teams.items() if its == team]
    own = [
        until for name in members for until in (world.extended.get(name), rules.extensions.get(name)) if until
    ]
    return max([rules.deadline, *own])


def value(one: Submission, *, private: bool) -> float:
    assert one.judging is not None
    assert one.judging.verdict is Verdict.SCORED
    return (one.judging.private if private else one.judging.public)["psnr"].value


# ---------------------------------------------------------------- the comparison


@contextmanager
def emptied(url: str) -> Iterator[World]:
    clock = Clock()
    holder: list[World] = []
    with Store.open(url, clock=clock, assignments=lambda slug: holder[0].under) as store:
        wipe(store)
        world = World(store, clock)
        holder.append(world)
        store.import_roster([Student(name, f"{name}@example.org", name.lower(), name) for name in TEAMS])
        for team in TEAMS * 2:
            clock.go(hours=1)
            send(store, team)
            record(world, scored(15.0 + len(world.refs()) % 4, private=17.0))
        yield world


TABLES = (
    "regrade_items", "regrades", "events", "disqualifications", "extensions", "rungs", "ties", "standings",
    "boards", "pictures", "resampled", "item_scores", "scores", "judgings", "submissions", "students",
    "teams",
)  # fmt: skip


def wipe(store: Store) -> None:
    with store._database.writing() as session:
        for table in TABLES:
            session.execute(text(f"DELETE FROM {table}"))


def compare(world: World) -> None:
    for private in (False, True):
        rows = board(world.store, world.under, private=private)
        assert {row.team: (row.ref, row.score, row.entries) for row in rows} == worked_out(
            world, private=private
        )
        for row in rows:
            assert row.rank == 1 + sum(other.score > row.score for other in rows)


def rebuilt(world: World) -> list[list[Row]]:
    """The boards, made from nothing."""
    with world.store._database.writing() as session:
        for table in ("standings", "ties", "boards"):
            session.execute(text(f"DELETE FROM {table}"))
    return both(world)


def both(world: World) -> list[list[Row]]:
    return [
        board(world.store, world.under, private=private, since=world.clock.now) for private in (False, True)
    ]


@pytest.mark.thorough
@settings(
    deadline=None,
    max_examples=6,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a step is slow: shrinking would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(taken=steps)
def test_whatever_happens_boards_are_those_worked_out_anew(url: str, taken: list[Step]) -> None:
    with emptied(url) as world:
        for step in taken:
            take_step(world, step)
            compare(world)
        kept = both(world)
        then_told(world)
        assert rebuilt(world) == kept


def then_told(world: World) -> None:
    """What was told is told again of that time. Members, entries, tiers and Δ are those of today."""
    for moment, private, rows in world.seen:
        again = board(world.store, world.under, private=private, at=moment)
        assert [(row.team, row.rank, row.ref, row.score) for row in again] == [
            (row.team, row.rank, row.ref, row.score) for row in rows
        ], moment
