"""What an integrity report says: signs that two entries, or one alone, deserve a look. Never a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from leaderboard.integrity.evidence import Evidence


class Sign(StrEnum):
    """Why somebody should look; the plainest first."""

    OUTPUTS = "identical outputs"
    SHOWN = "identical pictures"
    FILES = "identical files"
    SOURCES = "equal code, names aside"
    ERRORS = "the same mistakes"
    PROFILE = "the same strengths"
    COPIED = "copied samples"
    UNSTEADY = "unsteady when nudged"


@dataclass(frozen=True, eq=False)
class Measure:
    """How alike the scores of all compared pairs are, and from where on a pair is shown.

    values: (m,) sorted, one for each pair of different teams, not both shipped.
    """

    sign: Sign
    name: str  # "κ"
    of: str  # the metric
    values: npt.NDArray[np.float64]
    bar: float

    @property
    def median(self) -> float:
        return float(np.median(self.values))

    @property
    def above(self) -> int:
        return int((self.values >= self.bar).sum())


@dataclass(frozen=True)
class Reading:
    """One pair on a measure. sigmas: robust ones above the median of all pairs, None where those are few.

    bar: the pair's own; higher than the measure's where there are few items.
    """

    measure: Measure
    value: float
    bar: float
    sigmas: float | None


@dataclass(frozen=True)
class SharedFile:
    """A file that both have, by its name in each. own_lines: those not handed out; None: no Python."""

    first: str
    second: str
    exact: bool
    own_lines: int | None = None


@dataclass(frozen=True, eq=False)
class Pair:
    """Two entries of different teams. The first was received earlier, which says nothing of whose it is.

    readings: on every measure, those below the bar, too. equal: how many items have the same scores by all
    metrics, up to rounding, of how many; None where there are none to compare.
    """

    first: Evidence
    second: Evidence
    signs: Sequence[Sign]
    files: Sequence[SharedFile] = ()
    equal: tuple[int, int] | None = None
    readings: Sequence[Reading] = ()


@dataclass(frozen=True, eq=False)
class Single:
    """Something about one entry alone, and the bar that it is beyond."""

    entry: Evidence
    sign: Sign
    value: float
    bar: float
    sentence: str


@dataclass(frozen=True)
class Common:
    """A file that so many teams have that somebody probably gave it to them."""

    name: str
    teams: Sequence[str]


@dataclass(frozen=True, eq=False)
class Findings:
    """All that there is to look at. unranked: by number of the entry, why it should take no rank."""

    entries: int
    compared: int  # pairs
    pairs: Sequence[Pair] = ()
    singles: Sequence[Single] = ()
    commons: Sequence[Common] = ()
    measures: Sequence[Measure] = ()
    unranked: Mapping[int, str] = field(default_factory=dict)
    notes: Sequence[str] = ()  # what could not be compared, and why
