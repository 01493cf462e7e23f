"""Verbs for what is shipped: grade baselines and reference solutions, and tell what they reached."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.grading import cores
from commands.options import course_option, locate, open_store, run_kind, sandbox_option, train_option

if TYPE_CHECKING:
    from grader.catalogue import Solution
    from grader.course import Course
    from grader.outline import RunKind
    from leaderboard.records import Judging, Submission
    from leaderboard.render_solutions import Reached
    from leaderboard.store import Store


@click.command()
@click.argument("names", metavar="[SLUG[/NAME]]...", nargs=-1)
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Submissions graded at a time. Default: one per core."
)
@train_option("Train those that have a train.py, for the board of train runs.")
@click.option("--exemplars", is_flag=True, help="Only those that tiers are named after.")
@sandbox_option
@course_option
def baselines(
    names: tuple[str, ...],
    jobs: int | None,
    train: bool,
    exemplars: bool,
    sandbox_name: str,
    folder: Path | None,
) -> None:
    """Grade the shipped baselines and reference solutions onto the board, and what else is queued.

    Stopped and started again it goes on with those that are not judged yet.
    """
    from commands.workbench import on_this_machine

    course = locate(folder)
    store = open_store(course)
    kind = run_kind(train)
    found = [one for one in _chosen(course, names) if not exemplars or _is_exemplar(one, kind)]
    if train:
        found = [one for one in found if (one.folder / "train.py").is_file()]
    fresh = [_hand_in(course, store, one, kind) for one in found]
    if not any(fresh):
        click.echo("The shipped solutions have been received already; nothing changed.")
    with on_this_machine(course, store, jobs=jobs or cores(), sandbox_name=sandbox_name) as bench:
        bench.run()


@click.command()
@click.argument("names", metavar="[SLUG[/NAME]]...", nargs=-1)
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "csv", "json", "markdown"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
@course_option
def solutions(names: tuple[str, ...], style: str, folder: Path | None) -> None:
    """Show what the shipped solutions reached: private scores, parameters, steps, seconds."""
    from leaderboard.render_solutions import print_solutions

    course = locate(folder)
    store = open_store(course)
    chosen = _chosen(course, names)
    listed = {slug: store.submissions(slug) for slug in {one.slug for one in chosen}}
    print_solutions([_reached(course, listed[one.slug], one) for one in chosen], style)


def _chosen(course: "Course", names: Sequence[str]) -> "list[Solution]":
    """Of these assignments, or these alone; of none named, all of the course's. Raises HeldoutError."""
    from grader import catalogue

    every = names or tuple(course.config.assignments)
    return [one for name in every for one in catalogue.named(name)]


def _is_exemplar(one: "Solution", kind: "RunKind") -> bool:
    from grader import catalogue

    return any(
        catalogue.HOME / tier.exemplar == one.folder for tier in catalogue.find(one.slug).tiers_of(kind)
    )


def _hand_in(course: "Course", store: "Store", one: "Solution", kind: "RunKind") -> bool:
    """False where it was before."""
    from grader import catalogue
    from grader.archive import pack_for
    from leaderboard.receive import receive
    from leaderboard.records import TeamKind

    assignment = course.settle(catalogue.find(one.slug))
    store.ensure_team(one.team, TeamKind(one.kind))
    packed = pack_for(assignment, one.folder, kind)
    receipt = receive(store, course.archives, packed, team=one.team, assignment=assignment, run_kind=kind)
    return not receipt.duplicate


def _reached(course: "Course", listed: "Sequence[Submission]", one: "Solution") -> "Reached":
    from grader import catalogue, weights
    from grader.outline import RunKind
    from leaderboard.render_solutions import Reached

    assignment = course.settle(catalogue.find(one.slug))
    own = [each for each in listed if each.team == one.team]
    shipped, trained = _judged(own, RunKind.EVALUATE), _judged(own, RunKind.TRAIN)
    metric = assignment.metric.name
    return Reached(
        assignment,
        one.kind,
        one.name,
        weights.count(one.folder),
        shipped.private[metric] if shipped else None,
        trained.private[metric] if trained else None,
        trained.training if trained else None,
    )


def _judged(own: "Sequence[Submission]", kind: "RunKind") -> "Judging | None":
    """The newest that was scored."""
    return next(
        (one.judging for one in own if one.run_kind is kind and one.judging and one.judging.private), None
    )
