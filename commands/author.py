"""Verbs of who writes assignments: a new one, and the sanity suite that every assignment must pass."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.options import format_option, sandbox_option
from grader.errors import HeldoutError

if TYPE_CHECKING:
    from grader.sandbox import Sandbox
    from grader.sanity import Case, Outcome
    from grader.spec import Assignment


def home_option(verb: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
        help="The folder of assignments/, baselines/ and reference_solutions/. Default: heldout's own.",
    )(verb)


@click.group()
def assignment() -> None:
    """Write assignments, and try to cheat in them."""


@assignment.command()
@click.argument("slug")
@click.option("--title", help="What people call it. Default: SLUG in words.")
@home_option
def new(slug: str, title: str | None, home: Path | None) -> None:
    """Make the assignment SLUG: a small one that runs and passes its checks, to be changed.

    With statement, starter, sanity suite, a baseline and a reference solution; nothing is overwritten.
    """
    from grader import catalogue, scaffold

    folder = scaffold.create(slug, home or catalogue.HOME, title=title)
    option = "" if home is None else f" --home {home}"
    click.echo(f"{folder} is ready, with baselines/{slug} and reference_solutions/{slug} beside it.")
    click.echo(f"Each file says what to change in it. Then: heldout assignment check {slug}{option}")


@assignment.command()
@click.argument("slugs", metavar="[SLUG]...", nargs=-1)
@click.option("--only", metavar="CASE", default="", help="Only cases whose name begins so.")
@click.option(
    "--write", "target", type=click.Path(path_type=Path, dir_okay=False), help="Write a table, Markdown."
)
@home_option
@format_option
@sandbox_option
def check(
    slugs: tuple[str, ...], only: str, target: Path | None, home: Path | None, style: str, sandbox_name: str
) -> None:
    """Grade the starter, the shipped solutions and every cheat of SLUG (default: all), as a student's.

    On 256 held-out items. Exit status 1 unless each gets the verdict that is expected.
    """
    from commands.render_sanity import print_listed, print_outcomes, sanity_table
    from grader.sandbox.probe import choose

    suites = [(tried, _cases(tried, only)) for tried in _assignments(slugs, home)]
    if not any(cases for _, cases in suites):
        raise HeldoutError(f"no case begins with {only!r}", next_step="leave out --only to see them all")
    found: dict[str, tuple[Assignment, list[Outcome]]] = {}
    with closing(choose(sandbox_name)) as sandbox:
        for tried, cases in suites:
            outcomes = list(_outcomes(tried, cases, sandbox))
            found[tried.slug] = tried, outcomes
            if style == "table":
                print_outcomes(tried, outcomes)
    if style != "table":
        print_listed(found, style)
    if target is not None:
        target.write_text(sanity_table(found), encoding="utf-8")
        click.echo(f"wrote {target}", err=True)
    if any(outcome.complaints for _, outcomes in found.values() for outcome in outcomes):
        raise SystemExit(1)


def _assignments(slugs: Sequence[str], home: Path | None) -> list["Assignment"]:
    from grader import catalogue

    home = home or catalogue.HOME
    found = [catalogue.find(slug, home) for slug in slugs or catalogue.slugs(home)]
    if not found:
        raise HeldoutError(
            "there is no assignment",
            where=str(home / "assignments"),
            expected="folders with assignment.py",
            next_step=f"make one: heldout assignment new SLUG --home {home}",
        )
    return found


def _cases(tried: "Assignment", only: str) -> list["Case"]:
    """The cases whose name begins with `only`. Raises HeldoutError for a wrong statement, or notebook."""
    from grader import sanity
    from grader.notebook.source import NAME, read_source

    if (notebook := tried.folder / NAME).is_file():
        read_source(notebook)
    complaints = sanity.statement_complaints(tried)
    if complaints:
        raise HeldoutError(
            complaints[0],
            where=str(tried.folder / "README.md"),
            expected="a statement that tells every tier, limit and budget as assignment.py has them",
            next_step="correct the statement, or assignment.py",
        )
    return [case for case in (*sanity.shipped(tried), *sanity.cases(tried)) if case.name.startswith(only)]


def _outcomes(tried: "Assignment", cases: Sequence["Case"], sandbox: "Sandbox") -> Iterator["Outcome"]:
    from rich.console import Console
    from rich.progress import track

    from grader import sanity

    data = sanity.small_data(tried)
    for case in track(cases, tried.slug, console=Console(stderr=True), transient=True):
        yield sanity.run(case, tried, data, sandbox=sandbox)
