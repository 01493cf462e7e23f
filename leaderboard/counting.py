"""Which of a team's submissions counts on a board: pure, when one is judged and when rules change."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from grader.rules import Counts, Rules
from leaderboard.records import Candidate


def eligible(candidates: Iterable[Candidate], deadline: datetime | None) -> list[Candidate]:
    """Received in time, not withdrawn, and not a shipped solution's own answers; in the order received."""
    found = [
        one
        for one in candidates
        if not (one.withdrawn or one.same_as) and (deadline is None or one.received_at <= deadline)
    ]
    return sorted(found, key=lambda one: (one.received_at, one.ref))


def on_public(candidates: Sequence[Candidate], sign: float) -> Candidate | None:
    """The best that was released, of equals the earliest; `sign` is −1 where higher is better."""
    released = [one for one in candidates if one.released]
    return min(released, key=lambda one: sign * one.public.value, default=None)


def on_private(candidates: Sequence[Candidate], rules: Rules, sign: float) -> Candidate | None:
    """What the rules say: the last, or the better of those selected, or else what the public board has."""
    if rules.counts is Counts.LAST:
        return candidates[-1] if candidates else None
    selected = [one for one in candidates if one.selected]
    if rules.counts is Counts.SELECTED and selected:
        return min(selected, key=lambda one: sign * one.private.value)
    return on_public(candidates, sign)
