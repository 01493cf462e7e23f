"""The door: bytes durable first, then the row, then the receipt."""

from datetime import datetime
from pathlib import Path

from grader.archive import Archive, ArrivedArchive, check_size, pack_for, place
from grader.errors import Refused
from grader.spec import Assignment, RunKind
from leaderboard.boards import Board
from leaderboard.records import Receipt
from leaderboard.store import Store


def receive(
    store: Store,
    shelf: Path,
    archive: Archive | ArrivedArchive,
    *,
    team: str,
    assignment: Assignment,
    description: str = "",
    run_kind: RunKind = RunKind.EVALUATE,
    arrived: datetime | None = None,
) -> Receipt:
    """Keep the archive and queue it. Killed in between, it leaves bytes that nobody asks for: harmless.

    It counts as received now, or when it `arrived`, however long the disk and others in the queue for the
    database take.

    Raises HeldoutError when the archive is too large for its kind of run, the team is unknown, the rules
    forbid it or the disk is full; then there is no receipt. What is refused is not kept.
    """
    arrived = arrived or store.now()
    check_kind(assignment, run_kind)
    code_only = run_kind is RunKind.TRAIN
    check_size(archive, assignment.archive_limit(run_kind), code_only=code_only)
    if not place(shelf, archive.sha256).is_file():  # else the same bytes may have a receipt
        store.admit(team, Board(assignment, run_kind), arrived)
    archive.keep(shelf)
    return store.receive(
        team,
        assignment.slug,
        sha256=archive.sha256,
        size=archive.size,
        file_name=archive.file_name,
        description=description,
        run_kind=run_kind,
        starter=is_starter(archive, assignment, run_kind),
        rules=assignment.rules,
        arrived=arrived,
    )


def check_kind(assignment: Assignment, run_kind: RunKind) -> None:
    """Raise Refused for a notebook where the assignment has none, and a model where that is all it has."""
    if assignment.notebook_alone and run_kind is not RunKind.NOTEBOOK:
        raise Refused(
            f"{assignment.slug} is a notebook",
            expected="your notebook",
            next_step=f"`heldout submit {assignment.slug} --notebook FILE`",
        )
    if run_kind is RunKind.NOTEBOOK and not (assignment.folder / "notebook.ipynb").is_file():
        raise Refused(
            f"{assignment.slug} has no notebook",
            expected="a model",
            next_step=f"`heldout submit {assignment.slug}` without --notebook",
        )


def is_starter(archive: Archive | ArrivedArchive, assignment: Assignment, run_kind: RunKind) -> bool:
    """Whether this is the code that was handed out, to the last byte, as a train run packs it."""
    starter = assignment.folder / "starter"
    if run_kind is not RunKind.TRAIN or not starter.is_dir():
        return False
    return archive.sha256 == pack_for(assignment, starter, run_kind).sha256
