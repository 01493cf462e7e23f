"""The `heldout` command: a thin shell over grader and leaderboard."""

import os
import sys

# Before numpy is there: the grader's products are small and many, and threads made the search for copies five
# times as slow. `grade --jobs` uses further cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click

from commands.access import list_people, remove, staff, token
from commands.author import assignment
from commands.backup import backup, restore
from commands.board import export_site, leaderboard, show, submissions
from commands.checking import check
from commands.cluster import scheduler, worker
from commands.course import course, roster
from commands.decisions import (
    audit,
    disqualify,
    extend,
    integrity,
    limits,
    reinstate,
    reveal,
    rules,
    select,
    team,
    withdraw,
    writeup,
)
from commands.extras import lacking
from commands.grades import grades
from commands.grading import doctor, grade
from commands.login import link, login, logout, whoami
from commands.notebooks import notebooks
from commands.operating import drain, pause, resume, status
from commands.regrade import regrade
from commands.reproduce import reproduce
from commands.serve import serve
from commands.solutions import baselines, solutions
from commands.student import assignments, start, submit
from grader.errors import HeldoutError

STUDENT = [
    login, logout, whoami, link,
    assignments, start, check, submit, submissions, show, leaderboard, limits, select, withdraw, writeup,
    team,
]  # fmt: skip
INSTRUCTOR = [
    course, roster, token, baselines, solutions, grade, status, pause, resume, drain, scheduler, worker,
    serve, regrade, reproduce, extend, disqualify, reinstate, reveal, integrity, audit, grades, backup,
    restore, doctor, export_site, assignment, notebooks,
]  # fmt: skip
course.add_command(rules)
for verb in (staff, remove, list_people):
    roster.add_command(verb)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="heldout")
def heldout() -> None:
    """A self-hosted Kaggle for deep-learning courses whose scores can't be gamed."""


for verb in STUDENT + INSTRUCTOR:
    heldout.add_command(verb)


def main() -> None:
    """Run the command; an error a person can act on is printed in its four parts, with exit status 1."""
    try:
        heldout()
    except HeldoutError as error:
        print_error(error)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if (told := lacking(error)) is None:
            raise
        print_error(told)
        sys.exit(1)
    except OSError as error:  # a file of the user's that can't be read or written: no traceback helps
        print_error(HeldoutError(error.strerror or str(error), where=str(error.filename or "")))
        sys.exit(1)


def print_error(error: HeldoutError) -> None:
    first, *rest = str(error).split("\n")
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {first}", err=True)
    for line in rest:
        click.echo(f"  {line}", err=True)


if __name__ == "__main__":
    main()
