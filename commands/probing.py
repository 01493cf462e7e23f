"""The stability probe: grades entries again on held-out images that are moved by a pixel."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace

import click

from grader import archive
from grader.autograde import new_run_seed
from grader.course import Course
from grader.errors import NotFound
from grader.prepared import load_data
from grader.sandbox.probe import choose
from grader.spec import Assignment, RunKind
from grader.stability import probe
from leaderboard.integrity.evidence import Evidence, Steadiness
from leaderboard.store import Store


@contextmanager
def prober(
    course: Course, store: Store, assignment: Assignment, run_kind: RunKind, refs: Sequence[int]
) -> Iterator[Callable[[Evidence], Evidence]]:
    """What asks those of `refs` for their steadiness; each takes twice what its grading took.

    Raises HeldoutError where one of them stands on no board, or the items can't be nudged.
    """
    data = load_data(course, assignment.slug, store.regrades.data_version(assignment.slug))
    asked: set[int] = set()
    with closing(choose("auto")) as sandbox:

        def ask(one: Evidence) -> Evidence:
            if one.ref not in refs:
                return one
            asked.add(one.ref)
            packed = archive.fetch(course.archives, one.sha256)
            seed = new_run_seed()
            found = probe(assignment, packed, data, sandbox=sandbox, run_seed=seed, run_kind=run_kind)
            was, now = (
                f"{value:.{assignment.metric.digits}f}" for value in (found.as_they_are, found.nudged)
            )
            click.echo(f"#{one.ref}: {found.metric} {was} on the images as they are, {now} moved", err=True)
            return replace(one, steadiness=Steadiness(found.as_they_are, found.nudged))

        yield ask
    if missing := sorted(set(refs) - asked):
        raise NotFound(
            f"#{missing[0]} stands on no board of {assignment.slug}",
            expected="an entry that a board is made of",
            next_step=f"see `heldout leaderboard {assignment.slug} --format json`",
        )
