"""What an integrity report compares: one record for each entry, gathered from the ledger and the archives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from grader.errors import HeldoutError
from grader.spec import Assignment, Limits
from leaderboard.integrity.contents import Contents, of_files, read
from leaderboard.names import name_key
from leaderboard.records import Estimates, Showing, State, Submission, TeamKind

ItemScores = Mapping[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Steadiness:
    """A score of the same items, as they are and moved by a pixel under light noise (`grader.stability`)."""

    as_they_are: float
    nudged: float


@dataclass(frozen=True, eq=False)
class Evidence:
    """All of one scored entry that may be compared with another.

    items: per-item scores by metric, each (n,) in the order of the held-out items; empty where
    the assignment scores whole sets. contents: None where the archive could not be read.
    steadiness: None where nobody asked.
    """

    ref: int
    team: str
    kind: TeamKind
    received_at: datetime
    sha256: str
    public: Estimates = field(default_factory=dict)
    private: Estimates = field(default_factory=dict)
    items: ItemScores = field(default_factory=dict)
    contents: Contents | None = None
    showing: Showing = field(default_factory=Showing)
    steadiness: Steadiness | None = None

    @property
    def shipped(self) -> bool:
        """A baseline or a reference solution: public, so never suspect itself."""
        return self.kind is not TeamKind.STUDENT

    def same_team(self, other: "Evidence") -> bool:
        return name_key(self.team) == name_key(other.team)


def handed_out(assignment: Assignment, *more: Path) -> Contents:
    """What `heldout start` gives to everybody: starter and statement; `more` files, of the public data say.

    Data in the folder that `start` puts them in are left out of archives; elsewhere they are not.
    """
    starter = assignment.folder / "starter"
    paths = {path.relative_to(starter).as_posix(): path for path in sorted(starter.rglob("*"))}
    paths |= {path.name: path for path in (assignment.folder / "README.md", *more)}
    return of_files({name: path.read_bytes() for name, path in paths.items() if path.is_file()})


class Ledger(Protocol):
    """What of the store is read."""

    def submissions(self, assignment: str) -> list[Submission]: ...
    def items(self, ref: int) -> dict[str, npt.NDArray[np.float32]]: ...
    def showings(self, refs: Sequence[int]) -> dict[int, Showing]: ...


def gather(
    ledger: Ledger, assignment: Assignment, refs: Sequence[int], fetch: Callable[[str], bytes]
) -> list[Evidence]:
    """The evidence of the entries `refs`: those that stand on a board, baselines and references among them.

    fetch: an archive's bytes by its SHA-256. What is not scored is left out; an archive that is missing or
    can't be read is no reason to compare nothing else.
    """
    known = {one.ref: one for one in ledger.submissions(assignment.slug) if one.state is State.SCORED}
    chosen = [known[ref] for ref in refs if ref in known]
    showings = ledger.showings([one.ref for one in chosen])
    return [
        Evidence(
            ref=one.ref,
            team=one.team,
            kind=one.kind,
            received_at=one.received_at,
            sha256=one.sha256,
            public=one.judging.public if one.judging else {},  # withheld ones, too: they may be selected
            private=one.private or {},
            items=ledger.items(one.ref),
            contents=_contents(one.sha256, fetch, assignment.limits),
            showing=showings.get(one.ref, Showing()),
        )
        for one in chosen
    ]


def _contents(sha256: str, fetch: Callable[[str], bytes], limits: Limits) -> Contents | None:
    try:
        return read(fetch(sha256), limits)
    except HeldoutError:
        return None
