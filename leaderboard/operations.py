"""Running the queue, one method and one transaction each: see `operating`."""

from leaderboard import operating, reproducing, rulings
from leaderboard.activity import Pause, Spent
from leaderboard.database import Clock, Database
from leaderboard.reproductions import Reproduction
from leaderboard.told_boards import Assignments


class Operations:
    """A part of `Store`."""

    def __init__(self, database: Database, clock: Clock, assignments: Assignments) -> None:
        self._database = database
        self._clock = clock
        self._assignments = assignments

    def pause(self, assignment: str = "", reason: str = "") -> None:
        """Nothing of the assignment is claimed any more; of none nothing at all. Raises Refused."""
        with self._database.writing() as session:
            operating.pause(session, assignment, reason.strip(), self._clock())

    def resume(self, assignment: str = "") -> None:
        """Undo `pause`. Raises Refused."""
        with self._database.writing() as session:
            operating.resume(session, assignment, self._clock())

    def pauses(self) -> tuple[Pause, ...]:
        with self._database.reading() as session:
            return operating.pauses(session)

    def drain(self, holder: str, *, undo: bool = False) -> None:
        """Ask a grader to end what it began and to stop. Raises NotFound."""
        with self._database.writing() as session:
            operating.drain(session, holder, self._clock(), undo=undo)

    def note_reproduction(self, ref: int, attempt: int, found: Reproduction) -> None:
        """Keep what came of repeating that attempt; what came out otherwise has a badge on the board."""
        assignment = self._assignments(self._submission_of(ref))
        with self._database.writing() as session:
            reproducing.note_down(session, (ref, attempt), found, assignment, self._clock())

    def _submission_of(self, ref: int) -> str:
        with self._database.reading() as session:
            return rulings.find(session, ref).assignment

    def spent(self, assignment: str | None = None) -> list[Spent]:
        """What each team's gradings used, the largest first."""
        with self._database.reading() as session:
            return operating.spent(session, assignment)
