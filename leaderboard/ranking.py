"""From entries to a board: pure arithmetic, the same for public and private, now and at any time before."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from grader.report import Estimate
from grader.spec import Metric
from leaderboard.names import name_key
from leaderboard.records import Entry, Row, TeamKind

DAY = timedelta(days=1)
HOUR = 3600.0


@dataclass(frozen=True)
class _Place:
    """A team's entries in the order received, the one that counts, and its rank."""

    entries: Sequence[Entry]
    best: Entry
    estimate: Estimate
    rank: int = 0


def rank(
    entries: Iterable[Entry],
    metric: Metric,
    *,
    tier_of: Callable[[float], str],
    members: Mapping[str, Sequence[str]] | None = None,
    since: datetime | None = None,
) -> list[Row]:
    """Order teams by their best entry; equal scores share a rank ("1, 2, 2, 4"), alphabetically.

    Baselines and references stand in place with rank 0. `change` compares with the board as of `since`;
    by default, that is a day before the last judging, so that a board changes only when something was judged.
    `entries` counts a team's scored and failed submissions: those are what cost it an attempt.
    """
    entries = list(entries)
    if not entries:
        return []
    since = since or max(entry.judged_at for entry in entries) - DAY
    before = {place.best.team_id: place.rank for place in _places(as_of(entries, since), metric)}
    return [_row(place, before, tier_of, members or {}) for place in _places(entries, metric)]


def as_of(entries: Iterable[Entry], moment: datetime) -> list[Entry]:
    """The entries that had been judged by then: ranked, they are the board of that time."""
    return [entry for entry in entries if entry.judged_at <= moment]


def _places(entries: Iterable[Entry], metric: Metric) -> list[_Place]:
    teams: dict[int, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.received_at, entry.ref)):
        teams.setdefault(entry.team_id, []).append(entry)
    sign = -1.0 if metric.higher_is_better else 1.0
    found = [place for theirs in teams.values() if (place := _place(theirs, metric.name, sign)) is not None]
    found.sort(key=lambda place: _order(place, sign))
    return _ranked(found)


def _place(entries: Sequence[Entry], metric: str, sign: float) -> _Place | None:
    scored = [entry for entry in entries if metric in entry.metrics]
    if not scored:
        return None
    best = min(scored, key=lambda entry: sign * entry.metrics[metric].value)  # of equals, the earliest
    return _Place(entries, best, best.metrics[metric])


def _order(place: _Place, sign: float) -> tuple[float, bool, str, int]:
    best = place.best
    return sign * place.estimate.value, best.kind is not TeamKind.STUDENT, name_key(best.team), best.team_id


def _ranked(places: Sequence[_Place]) -> list[_Place]:
    ranked: list[_Place] = []
    students, current, score = 0, 0, None
    for place in places:
        number = 0
        if place.best.kind is TeamKind.STUDENT:
            students += 1
            if place.estimate.value != score:
                current, score = students, place.estimate.value
            number = current
        ranked.append(_Place(place.entries, place.best, place.estimate, number))
    return ranked


def _row(
    place: _Place,
    before: Mapping[int, int],
    tier_of: Callable[[float], str],
    members: Mapping[str, Sequence[str]],
) -> Row:
    best, last = place.best, place.entries[-1]
    return Row(
        rank=place.rank,
        change=_change(place, before),
        team=best.team,
        team_id=best.team_id,
        kind=best.kind,
        ref=best.ref,
        score=place.estimate.value,
        half_width=place.estimate.half_width,
        tier=tier_of(place.estimate.value),
        entries=len(place.entries),
        last=last.received_at,
        best_before=distance(last.received_at - best.received_at),
        badges=_badges(best),
        members=tuple(members.get(best.team, ())),
    )


def _change(place: _Place, before: Mapping[int, int]) -> str:
    if place.best.kind is not TeamKind.STUDENT:
        return ""
    if place.best.team_id not in before:
        return "new"
    climbed = before[place.best.team_id] - place.rank
    return f"↑{climbed}" if climbed > 0 else f"↓{-climbed}" if climbed < 0 else ""


def _badges(best: Entry) -> tuple[str, ...]:
    kind = () if best.kind is TeamKind.STUDENT else (str(best.kind),)
    return (*kind, "unsandboxed") if best.launcher == "none" else kind


def distance(span: timedelta) -> str:
    """How long before: minutes, hours or days.

    >>> distance(timedelta(hours=2.5)), distance(timedelta(days=-1)), distance(timedelta())
    ('-2.5h', '', '')
    """
    seconds = span.total_seconds()
    if seconds <= 0:
        return ""
    if seconds < HOUR:
        return f"-{max(1, round(seconds / 60))}m"
    return f"-{seconds / HOUR:.1f}h" if seconds < 48 * HOUR else f"-{seconds / (24 * HOUR):.1f}d"
