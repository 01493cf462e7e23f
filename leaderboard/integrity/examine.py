"""The integrity report: what two entries have in common that honest work seldom has. For people to look at.

Pure: evidence in, findings out. Nothing here says who did what, or that anybody did; see the page for the
innocent reasons, which are many.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from grader.spec import Assignment
from leaderboard.integrity.agreement import COUNTED, ROUNDING, equal_pairs
from leaderboard.integrity.contents import Contents
from leaderboard.integrity.evidence import Evidence
from leaderboard.integrity.findings import Findings, Measure, Pair, Sign, Single
from leaderboard.integrity.measures import Likeness, likenesses, with_items
from leaderboard.integrity.sharing import Key, Shared, shared_files
from leaderboard.records import TeamKind

COPIED = "copied"  # the metric: which share of generated images are copies of real ones
MOST_COPIED = 0.02  # of 5,000 new real images .013 were taken for copies; .02 is four standard errors above
FALLS = 0.25  # of a score that may be lost by a nudge: models lose .07 at most, see `grader.stability`
STABILITY = "stability"  # the metric: of which share of items a nudge leaves the answer as it is
LEAST_STABLE = 0.5  # the shipped network has .9
NUDGED = (
    "That is, moved by one pixel under a little noise: a table of known items stumbles over it, and a model "
    "hardly does."
)
FEW = 8  # entries, or pairs, of which nothing can be said in general
ORDER = list(Sign)

Bools = npt.NDArray[np.bool_]


def examine(
    evidence: Sequence[Evidence],
    assignment: Assignment,
    *,
    handed_out: Contents | None = None,
    repeatable: bool = True,
) -> Findings:
    """Compare every two entries of different teams, those of shipped solutions with all students'.

    handed_out: the starter's files and those of the public data, which anybody may have. repeatable: whether
    per-item scores of one model are the same in each judging; where the run seed draws noise, they are not.
    A few hundred entries take seconds.
    """
    evidence = sorted(evidence, key=lambda one: (one.received_at, one.ref))
    handed_out = handed_out or Contents()
    compared = _compared(evidence, handed_out)
    metrics = [metric.name for metric in assignment.metrics]
    measured = likenesses(evidence, metrics, compared, block=assignment.block)
    shared, commons = shared_files(evidence, handed_out)
    signs = _signs(evidence, metrics, shared)
    for likeness in measured:
        for key in likeness.high(compared):
            signs[key].add(likeness.measure.sign)
    pairs = [_pair(evidence, key, signs[key], shared, measured) for key in signs if compared[key]]
    measures = [likeness.measure for likeness in measured]
    return Findings(
        entries=len(evidence),
        compared=int(np.triu(compared, 1).sum()),
        pairs=sorted(pairs, key=_urgency),
        singles=[single for one in evidence for single in _alone(one, assignment)],
        commons=commons,
        measures=measures,
        unranked=_unranked(pairs, repeatable=repeatable),
        notes=list(_notes(evidence, handed_out, measures, repeatable=repeatable)),
    )


def _signs(evidence: Sequence[Evidence], metrics: Sequence[str], shared: Shared) -> dict[Key, set[Sign]]:
    """What is plainly the same, of any two entries."""
    signs: dict[Key, set[Sign]] = defaultdict(set)
    for key in _same_outputs(evidence, metrics):
        signs[key].add(Sign.OUTPUTS)
    for key in _same_showings(evidence):
        signs[key].add(Sign.SHOWN)
    for key, files in shared.items():
        signs[key] |= {Sign.FILES if file.exact else Sign.SOURCES for file in files}
    return signs


def _pair(
    evidence: Sequence[Evidence], key: Key, signs: set[Sign], shared: Shared, measured: Sequence[Likeness]
) -> Pair:
    first, second = (evidence[place] for place in key)
    readings = [reading for each in measured if (reading := each.reading(*key)) is not None]
    return Pair(
        first,
        second,
        sorted(signs, key=ORDER.index),
        shared.get(key, ()),
        _equal_items(first, second),
        readings,
    )


def _compared(evidence: Sequence[Evidence], handed_out: Contents) -> Bools:
    """(k, k): of different teams, not both shipped, not both the starter as it was handed out."""
    mask = np.ones((len(evidence), len(evidence)), bool)
    for i, one in enumerate(evidence):
        for j, other in enumerate(evidence):
            mask[i, j] = not one.same_team(other) and not (one.shipped and other.shipped)
    untouched = np.array([is_starter(one, handed_out) for one in evidence], bool)
    return np.asarray(mask & ~np.outer(untouched, untouched))


def is_starter(one: Evidence, handed_out: Contents) -> bool:
    """Whether every file of it was handed out."""
    files = set(one.contents.files.values()) if one.contents else set()
    return bool(files) and files <= set(handed_out.files.values())


# ---------------------------------------------------------------- outputs


def _same_outputs(evidence: Sequence[Evidence], metrics: Sequence[str]) -> Iterator[Key]:
    """Equal up to rounding: all per-item scores; or, where there are none, all figures of both boards."""
    by_metrics: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, one in enumerate(evidence):
        by_metrics[tuple(name for name in metrics if name in one.items)].append(place)
    for names, places in by_metrics.items():
        if names:
            members = [places[row] for row in with_items([evidence[place] for place in places], names[0])]
            stacks = [np.stack([evidence[member].items[name] for member in members]) for name in names]
            found = equal_pairs(stacks)
        else:
            boards = {place: _figures(evidence[place], metrics) for place in places}
            members = [place for place, figures in boards.items() if np.isfinite(figures).all()]
            found = equal_pairs([np.array([boards[member] for member in members])], COUNTED)
        yield from ((members[i], members[j]) for i, j in found)


def _figures(one: Evidence, metrics: Sequence[str]) -> list[float]:
    """Of whole sets, on both boards; infinite where one is missing."""
    return [
        board[name].value if name in board else np.inf
        for board in (one.public, one.private)
        for name in metrics
    ]


def _equal_items(first: Evidence, second: Evidence) -> tuple[int, int] | None:
    names = [name for name in first.items if name in second.items]
    pairs = [(first.items[name], second.items[name]) for name in names]
    if not pairs or any(len(one) != len(other) for one, other in pairs):
        return None
    same = [np.abs(one - other) <= ROUNDING * (1 + np.abs(one)) for one, other in pairs]
    return int(np.all(same, axis=0).sum()), len(pairs[0][0])


def _same_showings(evidence: Sequence[Evidence]) -> Iterator[Key]:
    """All that two drew and wrote of public examples is the same, byte for byte."""
    groups: dict[object, list[int]] = defaultdict(list)
    for place, one in enumerate(evidence):
        if one.showing:
            shown = one.showing
            groups[(*sorted(shown.pictures.items()), *sorted(shown.texts.items()))].append(place)
    for places in groups.values():
        yield from combinations(places, 2)


# ---------------------------------------------------------------- the rest


def _alone(one: Evidence, assignment: Assignment) -> Iterator[Single]:
    if one.shipped:
        return
    copied, stable, steady = one.public.get(COPIED), one.public.get(STABILITY), one.steadiness
    if copied is not None and copied.value > MOST_COPIED:
        said = f"{copied.value:.1%} of its samples lie so near to a real image that they count as copies."
        yield Single(one, Sign.COPIED, copied.value, MOST_COPIED, said)
    if stable is not None and stable.value < LEAST_STABLE:
        said = f"Of only {stable.value:.0%} of the items the answer stays when they are nudged. {NUDGED}"
        yield Single(one, Sign.UNSTEADY, stable.value, LEAST_STABLE, said)
    if steady is not None and steady.nudged < (1 - FALLS) * steady.as_they_are:
        metric = assignment.metric
        was, now = (f"{value:.{metric.digits}f}" for value in (steady.as_they_are, steady.nudged))
        said = f"{metric.label} fell from {was} to {now} when the items were nudged. {NUDGED}"
        yield Single(one, Sign.UNSTEADY, steady.nudged, (1 - FALLS) * steady.as_they_are, said)


def _urgency(pair: Pair) -> tuple[object, ...]:
    """The plainest signs first, then the highest reading."""
    places = [ORDER.index(sign) for sign in pair.signs]
    return (places, -max((one.value for one in pair.readings), default=0.0), pair.first.ref, pair.second.ref)


def _unranked(pairs: Sequence[Pair], *, repeatable: bool) -> dict[int, str]:
    """Students' entries that a public reference solution made, as far as outputs can tell."""
    same = Sign.OUTPUTS if repeatable else Sign.SHOWN
    reasons: dict[int, str] = {}
    for pair in pairs:
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            if same in pair.signs and other.kind is TeamKind.REFERENCE and not one.shipped:
                reasons[one.ref] = f"its outputs are those of a public solution, {other.team}"
    return reasons


def _notes(
    evidence: Sequence[Evidence], handed_out: Contents, measures: Sequence[Measure], *, repeatable: bool
) -> Iterator[str]:
    if not repeatable:
        yield (
            "Scores per item are drawn anew in each judging, so one model handed in twice has two sets of "
            "them: equal ones can't be expected, and likeness is lower than elsewhere. Here identical "
            "pictures stand for identical outputs."
        )
    if evidence and not any(one.items for one in evidence):
        yield (
            "This assignment scores whole sets: there are no scores per item whose ups and downs could be "
            "compared, only all figures of both boards."
        )
    yield from _about_measures(measures, len(evidence))
    yield from _about_files(evidence, handed_out)


def _about_measures(measures: Sequence[Measure], entries: int) -> Iterator[str]:
    if any(measure.sign is Sign.PROFILE for measure in measures) and entries < FEW:
        yield (
            f"A profile is what sets an entry apart from the others: of {entries} entries it tells little, "
            "of two nothing."
        )
    for measure in measures:
        if 10 * measure.above > len(measure.values) > FEW:
            yield (
                f"More than a tenth of all pairs are above the bar of {measure.name}: then it says more "
                "about the assignment, or about what all started from, than about any two."
            )


def _about_files(evidence: Sequence[Evidence], handed_out: Contents) -> Iterator[str]:
    if not handed_out.files:
        yield "What was handed out was not named, so files of the starter count as shared."
    if unread := sum(1 for one in evidence if one.contents is None):
        yield f"Of {unread} entr{'y' if unread == 1 else 'ies'} the archive could not be read."
    if starters := sum(1 for one in evidence if is_starter(one, handed_out)):
        yield f"{starters} entr{'y is' if starters == 1 else 'ies are'} the starter as it was handed out."
