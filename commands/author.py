"""Verbs of who writes assignments: the sanity suite that every assignment must pass."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import format_option, sandbox_option
from grader.errors import HeldoutError

if TYPE_CHECKING:
    from grader.sandbox import Sandbox
    from grader.sanity import Outcome
    from grader.spec import Assignment

COURSE_SEED, RUN_SEED = 1, 7  # [scores] are stated for these


@click.group()
def assignment() -> None:
    """Write assignments, and try to cheat in them."""


@assignment.command()
@click.argument("slugs", metavar="[SLUG]...", nargs=-1)
@click.option("--only", metavar="CASE", help="Only cases whose name begins so.")
@click.option(
    "--write", "target", type=click.Path(path_type=Path, dir_okay=False), help="Write a table, Markdown."
)
@format_option
@sandbox_option
def check(
    slugs: tuple[str, ...], only: str | None, target: Path | None, style: str, sandbox_name: str
) -> None:
    """Grade the starter, the shipped solutions and every cheat of SLUG (default: all), as a student's.

    On 256 held-out items. Exit status 1 unless each gets the verdict that is expected.
    """
    from grader import catalogue
    from grader.sandbox.probe import choose
    from leaderboard.render_sanity import print_outcomes, sanity_table

    found: dict[str, tuple[Assignment, list[Outcome]]] = {}
    with closing(choose(sandbox_name)) as sandbox:
        for slug in slugs or catalogue.slugs():
            tried = catalogue.find(slug)
            outcomes = list(_outcomes(tried, sandbox, only or ""))
            found[slug] = tried, outcomes
            print_outcomes(tried, outcomes, style)
    if target is not None:
        target.write_text(sanity_table(found), encoding="utf-8")
        click.echo(f"wrote {target}")
    if any(outcome.complaints for _, outcomes in found.values() for outcome in outcomes):
        raise SystemExit(1)


def _outcomes(tried: "Assignment", sandbox: "Sandbox", only: str) -> Iterator["Outcome"]:
    from rich.console import Console
    from rich.progress import track

    from grader import sanity
    from grader.prepared import Data

    complaints = sanity.statement_complaints(tried)
    if complaints:
        raise HeldoutError(
            complaints[0],
            where=str(tried.folder / "README.md"),
            expected="a statement that names every tier with its score",
            next_step="add the line to the table of tiers",
        )
    prepared = tried.prepare(None, COURSE_SEED, sanity.SMALL)
    data = Data(prepared.public, prepared.heldout, "")
    cases = [case for case in (*sanity.shipped(tried), *sanity.cases(tried)) if case.name.startswith(only)]
    for case in track(cases, tried.slug, console=Console(stderr=True), transient=True):
        yield sanity.run(case, tried, data, sandbox=sandbox, run_seed=RUN_SEED)
