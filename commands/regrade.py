"""The verb that judges again: a set is begun, looked at, applied or cancelled."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.decisions import print_moves_of, settled
from commands.options import course_option, format_option, locate, open_store

if TYPE_CHECKING:
    from grader.course import Course
    from grader.spec import Assignment
    from leaderboard.store import Store


@click.command()
@click.argument("slug")
@click.argument("refs", metavar="[REF]...", type=int, nargs=-1)
@click.option("-m", "reason", default="", metavar="TEXT", help="Why; it goes into the audit log.")
@click.option("--all", "everything", is_flag=True, help="All that was ever judged.")
@click.option("--new-data", is_flag=True, help="All of them, on data drawn anew under the settings of today.")
@click.option("--preview", is_flag=True, help="Who would move, if the open set were applied.")
@click.option("--apply", "applied", is_flag=True, help="Make the open set's judgings those that count.")
@click.option("--cancel", is_flag=True, help="Drop the open set.")
@format_option
@course_option
def regrade(
    slug: str,
    refs: tuple[int, ...],
    reason: str,
    everything: bool,
    new_data: bool,
    preview: bool,
    applied: bool,
    cancel: bool,
    style: str,
    folder: Path | None,
) -> None:
    """Judge submissions to SLUG again as a set: begun with -m, graded behind new ones, then applied or not.

    By default what stands on a board or may: released, selected, and each team's latest.
    """
    from leaderboard.render_rules import print_regrade

    chosen = bool(refs) or everything or new_data
    _check_asked(chosen, reason, acts=preview + applied + cancel)
    if refs and (everything or new_data):
        raise click.UsageError("--all and --new-data are of all submissions: name none with them")
    course = locate(folder)
    store, assignment = open_store(course), settled(course, slug)
    if applied:
        found = store.regrades.apply(assignment)
    elif cancel:
        found = store.regrades.cancel(slug)
    elif reason:
        version = _new_version(course, assignment, store) if new_data else None
        found = store.regrades.begin(
            assignment, refs, everything=everything or new_data, reason=reason, data_version=version
        )
    else:
        found = store.regrades.current(slug)
    if not preview or style == "table":
        print_regrade(found, style)
    if preview:
        print_moves_of([assignment], store.regrades.preview, style)


def _check_asked(chosen: bool, reason: str, *, acts: int) -> None:
    if acts > 1:
        raise click.UsageError("--preview, --apply and --cancel are three different things")
    if acts and (chosen or reason):
        raise click.UsageError(
            "--preview, --apply and --cancel are of the open set as a whole: no REF, -m, --all or --new-data"
        )
    if chosen and not reason:
        raise click.UsageError("a set is begun with -m TEXT: say why these are judged again")


def _check_none_is_open(store: "Store", slug: str) -> None:
    """Before data are drawn, which takes minutes. Raises HeldoutError."""
    from grader.errors import HeldoutError

    try:
        found = store.regrades.current(slug)
    except HeldoutError:
        return
    raise HeldoutError(
        f"regrade {found.number} of {slug} is open",
        expected="one set at a time",
        next_step=f"heldout regrade {slug} --apply, or --cancel",
    )


def _new_version(course: "Course", assignment: "Assignment", store: "Store") -> int:
    """Draw data under a number that no set has had. Raises HeldoutError when they are those of today."""
    from grader.errors import HeldoutError
    from grader.prepared import load_data, prepare

    slug = assignment.slug
    _check_none_is_open(store, slug)
    live, version = store.regrades.data_version(slug), store.regrades.newest_version(slug) + 1
    shutil.rmtree(course.data(slug, version), ignore_errors=True)  # of a set that was refused
    prepare(course, assignment, version)
    old, new = (load_data(course, slug, number) for number in (live, version))
    if old.sha256 == new.sha256:
        raise HeldoutError(
            "the data drawn anew are those of today",
            where=str(course.data(slug, version)),
            expected="a setting that has changed: items, public_share, data",
            next_step="change it in course.toml, then begin again",
        )
    return version
