"""From the ledger to findings: what stands on a board, compared with itself."""

from collections.abc import Callable
from pathlib import Path

from grader import archive
from grader.spec import Assignment, RunKind
from leaderboard.integrity.contents import Contents
from leaderboard.integrity.evidence import Evidence, gather, handed_out
from leaderboard.integrity.examine import examine
from leaderboard.integrity.findings import Findings
from leaderboard.reading import board
from leaderboard.store import Store


def as_it_is(one: Evidence) -> Evidence:
    """Nothing more is asked of it."""
    return one


def look(
    store: Store,
    assignment: Assignment,
    run_kind: RunKind,
    *,
    shelf: Path,
    data: Path,
    probe: Callable[[Evidence], Evidence] = as_it_is,
) -> tuple[Findings, Contents]:
    """What is found on both boards, frozen or not, and what was handed out to everybody.

    shelf: where archives are kept. data: the folder of the assignment's data. probe: asks an entry for more.
    """
    rows = [
        row
        for private in (False, True)
        for row in board(store, assignment, run_kind=run_kind, private=private, live=True)
    ]
    refs = sorted({row.ref for row in rows})
    evidence = gather(store, assignment, refs, lambda sha256: archive.fetch(shelf, sha256))
    given = handed_out(assignment, data / "public.npz")
    found = [probe(one) for one in evidence]
    return examine(found, assignment, handed_out=given, repeatable=assignment.repeatable), given
