"""A judging repeated by its own seeds: what was compared, and what came out otherwise."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grader.report import Report, Training, Verdict
from leaderboard.records import Judging

Items = Mapping[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Compared:
    """A figure then and now, in words."""

    what: str
    then: str
    now: str
    trained: bool = False  # of a training, rather than of what came after

    @property
    def same(self) -> bool:
        return self.then == self.now


@dataclass(frozen=True)
class Reproduction:
    """What was compared. alike: both were judged on the same kind of machine; else nothing is promised."""

    compared: tuple[Compared, ...]
    then: str  # the machine
    now: str

    @property
    def alike(self) -> bool:
        return self.then == self.now

    @property
    def same(self) -> bool:
        return all(each.same for each in self.compared)

    @property
    def tells(self) -> bool:
        """Whether it tells something of the submission: on another kind of machine it doesn't, nor where its
        trainings are the same and scores are not, for then we may have changed since.
        """
        return self.alike and (self.same or any(each.trained and not each.same for each in self.compared))


def compare(judging: Judging, items: Items, report: Report) -> Reproduction:
    """`items`: per-item scores that were kept, perhaps none."""
    return Reproduction(
        (
            Compared("verdict", _ended(judging.verdict), _ended(report.verdict, report)),
            *_trainings(judging, report),
            *_scores(judging, report),
            *_items(items, report),
        ),
        judging.resources.machine,
        report.resources.machine,
    )


def _ended(verdict: Verdict, report: Report | None = None) -> str:
    """With the reason: what fails in a repetition says why."""
    failed = report.failure if report else None
    return f"{verdict}: {failed.message.splitlines()[0]}" if failed else str(verdict)


def _trainings(judging: Judging, report: Report) -> Iterator[Compared]:
    then = _every(judging.training, judging.further)
    now = _every(report.training, report.further)
    for number, one in enumerate(then, start=1):
        other = now[number - 1] if number <= len(now) else None
        named = f"training {number}, " if len(then) > 1 else ""
        yield Compared(f"{named}steps", f"{one.steps:,}", f"{other.steps:,}" if other else "none", True)
        sealed = other.checkpoint_sha256 if other else ""
        yield Compared(f"{named}checkpoint", one.checkpoint_sha256[:16], sealed[:16] or "none", True)


def _every(first: Training | None, further: tuple[Training, ...]) -> list[Training]:
    return [first, *further] if first else []


def _scores(judging: Judging, report: Report) -> Iterator[Compared]:
    for split in ("public", "private"):
        then, now = getattr(judging, split), getattr(report, split)
        for metric in then:
            found = repr(now[metric].value) if metric in now else "none"
            yield Compared(f"{metric}, {split}", repr(then[metric].value), found)


def _items(items: Items, report: Report) -> Iterator[Compared]:
    for metric, then in items.items():
        now = report.items.get(metric)
        differ = int((then != now).sum()) if now is not None and now.shape == then.shape else then.size
        yield Compared(f"{metric} of each item", "0 differ", f"{differ:,} differ")
