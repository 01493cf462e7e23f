"""Verbs for what is shipped: grade baselines and reference solutions, and tell what they reached."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.grading import cores
from commands.options import course_option, locate, open_store, run_kind, sandbox_option, train_option
from grader.errors import HeldoutError

if TYPE_CHECKING:
    from grader.catalogue import Solution
    from grader.course import Course
    from grader.outline import RunKind
    from grader.report import Estimate
    from grader.spec import Assignment
    from leaderboard.reached import Reached, Trained
    from leaderboard.records import Judging, Receipt, Submission
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

    Stopped and started again it goes on with those that are not judged yet. Ends with status 1 where one of
    them failed, or somebody else is still grading it.
    """
    from commands.workbench import on_this_machine

    course = locate(folder)
    store = open_store(course)
    kind = run_kind(train)
    found = [one for one in _chosen(course, names) if not exemplars or _is_exemplar(one, kind)]
    if train:
        found = [one for one in found if (one.folder / "train.py").is_file()]
    if not found:
        raise _none_of_these(train=train, exemplars=exemplars)
    others = store.tally().counts["queued"]
    receipts = [_hand_in(course, store, one, kind) for one in found]
    if all(one.duplicate for one in receipts):
        click.echo("The shipped solutions have been received already; nothing changed.")
    elif others:
        click.echo(f"{others} more wait, and are graded, too.")
    with on_this_machine(course, store, jobs=jobs or cores(), sandbox_name=sandbox_name) as bench:
        bench.run()
    _check([store.submission(one.ref) for one in receipts])


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
@click.option(
    "--kept",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Take from this file what was never judged here, and keep all of it there.",
)
@course_option
def solutions(names: tuple[str, ...], style: str, kept: Path | None, folder: Path | None) -> None:
    """Show what the shipped solutions reached: scores, parameters, steps, seconds."""
    from leaderboard import reached
    from leaderboard.render_solutions import print_solutions

    course = locate(folder)
    store = open_store(course)
    every = _chosen(course, names) if kept is None else _all()
    listed = {slug: store.submissions(slug) for slug in {one.slug for one in every}}
    found = [_reached(listed[one.slug], one) for one in every]
    if kept is not None:
        found = reached.with_kept(found, kept)
        reached.keep(found, kept)
        named = {(one.slug, one.name) for one in _chosen(course, names)} if names else None
        found = [one for one in found if named is None or one.key in named]
    print_solutions(found, style)


def _chosen(course: "Course", names: Sequence[str]) -> "list[Solution]":
    """Of these assignments, or these alone, each once; of none named, all of the course's.

    Raises HeldoutError.
    """
    from grader import catalogue

    every = names or tuple(course.config.assignments)
    return list(dict.fromkeys(one for name in every for one in catalogue.named(name)))


def _all() -> "list[Solution]":
    from grader import catalogue

    return [one for slug in catalogue.slugs() for one in catalogue.solutions(slug)]


def _none_of_these(*, train: bool, exemplars: bool) -> HeldoutError:
    wanted = [*["a tier is named after it"] * exemplars, *["it has a train.py"] * train]
    return HeldoutError(
        "none of these solutions is to be graded",
        expected=f"one of which holds: {', and '.join(wanted) or 'it is shipped'}",
        next_step="name others, or leave an option out",
    )


def _check(found: "Sequence[Submission]") -> None:
    """Raise HeldoutError unless all were scored."""
    failed = [one for one in found if one.state.final and not (one.judging and one.judging.private)]
    waiting = [one for one in found if not one.state.final]
    if failed:
        raise HeldoutError(
            f"{len(failed)} of the shipped solutions were not scored",
            where=", ".join(f"#{one.ref} {one.team}: {one.state}" for one in failed),
            expected="a score: they are shipped as examples",
            next_step=f"see why: heldout show {failed[0].ref}",
        )
    if waiting:
        raise HeldoutError(
            f"{len(waiting)} of the shipped solutions are not judged yet",
            where=", ".join(f"#{one.ref} {one.team}: {one.state}" for one in waiting),
            expected="nobody else who grades them, and nothing that is paused",
            next_step="do it again later: `heldout status` tells who grades what",
        )


def _is_exemplar(one: "Solution", kind: "RunKind") -> bool:
    from grader import catalogue

    return any(
        catalogue.HOME / tier.exemplar == one.folder for tier in catalogue.find(one.slug).tiers_of(kind)
    )


def _hand_in(course: "Course", store: "Store", one: "Solution", kind: "RunKind") -> "Receipt":
    from grader import catalogue
    from grader.archive import pack_for
    from leaderboard.receive import receive
    from leaderboard.records import TeamKind

    assignment = course.settle(catalogue.find(one.slug))
    store.ensure_team(one.team, TeamKind(one.kind))
    packed = pack_for(assignment, one.folder, kind)
    return receive(store, course.archives, packed, team=one.team, assignment=assignment, run_kind=kind)


def _reached(listed: "Sequence[Submission]", one: "Solution") -> "Reached":
    from grader import catalogue, weights
    from grader.outline import RunKind
    from leaderboard.reached import Reached

    assignment = catalogue.find(one.slug)
    own = [each for each in listed if each.team == one.team]
    shipped, trained = _judged(own, RunKind.EVALUATE), _judged(own, RunKind.TRAIN)
    score = _score(assignment, shipped) if shipped else None
    return Reached(
        assignment, one.kind, one.name, weights.count(one.folder), score, _trained(assignment, trained)
    )


def _score(assignment: "Assignment", judging: "Judging") -> "Estimate":
    """A whole set's private score has a scale of its own; tiers, and all that is said, the public one's."""
    return (judging.private if assignment.divisible else judging.public)[assignment.metric.name]


def _trained(assignment: "Assignment", judging: "Judging | None") -> "Trained | None":
    from leaderboard.reached import Trained

    if judging is None or judging.training is None:
        return None
    training, score = judging.training, _score(assignment, judging)
    return Trained(score, training.steps, training.cpu_seconds, training.budget, training.cut)


def _judged(own: "Sequence[Submission]", kind: "RunKind") -> "Judging | None":
    """The newest that was scored."""
    return next(
        (one.judging for one in own if one.run_kind is kind and one.judging and one.judging.private), None
    )
