"""What the ledger tells of submissions and of who grades them: one method, one transaction."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from grader.errors import NotFound
from leaderboard import estimates, graders, topics, views
from leaderboard.activity import Grader, Judged, Tally
from leaderboard.database import Clock, Database
from leaderboard.records import Place, Showing, State, Submission


class Submissions:
    """The part of `Store` that pages and listings of submissions are made of."""

    _database: Database
    _clock: Clock

    def submissions(self, assignment: str, team: str | None = None) -> list[Submission]:
        """Newest first, without logs. Raises HeldoutError when the team is unknown."""
        with self._database.reading() as session:
            return views.submissions(session, assignment, team, self._clock())

    def everybodys(
        self, slugs: Sequence[str], *, skipped: int = 0, most: int = 100
    ) -> tuple[list[Submission], int]:
        """A stretch of all submissions to these assignments, newest first; and how many there are."""
        with self._database.reading() as session:
            return views.everybodys(session, slugs, self._clock(), skipped=skipped, most=most)

    def unfinished(self) -> list[Submission]:
        """What waits or runs, oldest first, without logs."""
        with self._database.reading() as session:
            return views.unfinished(session, self._clock())

    def submission(self, ref: int) -> Submission:
        """One submission with its log. Raises HeldoutError when there is none of that number."""
        with self._database.reading() as session:
            return views.submission(session, ref, self._clock())

    def pictures(self, ref: int) -> dict[str, bytes]:
        """PNG files by name. Raises HeldoutError when there is no such submission."""
        with self._database.reading() as session:
            return views.pictures(session, ref)

    def showings(self, refs: Sequence[int]) -> dict[int, Showing]:
        """What each of them made of public examples; those that are unknown or not judged are left out."""
        with self._database.reading() as session:
            return views.showings(session, refs)

    def picture(self, ref: int, name: str) -> bytes:
        """One PNG file. Raises HeldoutError when there is none of that name."""
        found = self.pictures(ref)
        if name not in found:
            raise NotFound(
                f"submission #{ref} has no picture {name!r}", expected=", ".join(found) or "no pictures"
            )
        return found[name]

    def items(self, ref: int) -> dict[str, npt.NDArray[np.float32]]:
        """Per-item scores by metric, (n,) float32 in the order of the held-out items."""
        with self._database.reading() as session:
            return {name: np.frombuffer(raw, "<f4") for name, raw in views.items(session, ref).items()}

    def queue_place(self, ref: int) -> Place | None:
        """When it will be claimed if nothing comes; None when it isn't queued."""
        with self._database.reading() as session:
            return estimates.places(session, self._clock()).get(ref)

    def counts(self, assignment: str | None = None) -> dict[State, int]:
        """How many submissions are in each state."""
        with self._database.reading() as session:
            return views.counts(session, assignment)

    def graders(self) -> list[Grader]:
        """Who gave a sign of life within the last minute."""
        with self._database.reading() as session:
            return graders.alive(session, self._clock())

    def topics(self) -> Mapping[str, str]:
        """Fingerprints of what pages show: see `topics.fingerprints`."""
        with self._database.reading() as session:
            return topics.fingerprints(session)

    def tally(self) -> Tally:
        """The queue at this moment."""
        with self._database.reading() as session:
            return graders.tally(session, self._clock())

    def judged_since(self, judging_id: int | None = None) -> tuple[int, list[Judged]]:
        """Judgings after that one, oldest first and at most 10,000, and the id to ask from next.

        None: nothing but the newest id, to begin with.
        """
        with self._database.reading() as session:
            return graders.judged_since(session, judging_id)
