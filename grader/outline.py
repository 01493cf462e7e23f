"""What is told of an assignment: its data without its functions. Light: a student's client imports it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

from grader.rules import Rules

MB = 1_000_000
MIB = 1 << 20


def readable(count: int) -> str:
    """Bytes for people.

    >>> readable(2 << 30), readable(1_500_000_000), readable(7 << 20)
    ('2 GiB', '1.4 GiB', '7 MiB')
    """
    if count < 1 << 30:
        return f"{count / MIB:.0f} MiB"
    return f"{count / (1 << 30):.1f}".removesuffix(".0") + " GiB"


@dataclass(frozen=True)
class Metric:
    """A figure per held-out item, averaged, or one of a whole set; direction is declared, never inferred.

    `note`: a sentence for the board's page, where a figure needs one. `bounds`: beyond them an item's score
    is not looked at when the public board decides whether a submission is better; without them a single item
    could be told from the mean.
    """

    name: str
    unit: str
    higher_is_better: bool
    digits: int = 2
    note: str = ""
    bounds: tuple[float, float] | None = None

    @property
    def label(self) -> str:
        """The head of a column.

        >>> Metric("psnr", "dB", higher_is_better=True).label
        'psnr [dB]'
        """
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True)
class Tier:
    """A score worth a name. `exemplar` is the shipped submission that shows it can be reached."""

    name: str
    score: float
    exemplar: str  # "baselines/denoising/wiener"


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Each is a setting of the assignment; a course may override it."""

    archive_bytes: int = 20 * MB
    unpacked_bytes: int = 256 * MIB
    unpacked_files: int = 2_000
    memory_bytes: int = 2_048 * MIB
    check_seconds: float = 60.0  # wall time of the student's code on public examples
    wall_seconds: float = 120.0  # wall time of the student's code on held-out items, over all its sandboxes
    threads: int = 1
    processes: int = 64  # and threads, of one sandbox
    open_files: int = 256
    gpu: bool = False  # one whole GPU, and the device "cuda": cold sandboxes only
    programs: bool = False  # may start other programs: only train runs, whose data is all public
    scratch_bytes: int = 256 * MIB  # a sandbox's writable memory file system
    log_bytes: int = 64 * 1024


class RunKind(StrEnum):
    """What happens to a submission; of models each kind has a board of its own."""

    EVALUATE = "evaluate"  # its weights are used: for practice
    TRAIN = "train"  # it is code alone, which the grader trains: what grades should rest on
    NOTEBOOK = "notebook"  # its cells are run and tested: points for a gradebook, no board


BOARDED = (RunKind.EVALUATE, RunKind.TRAIN)
POINTS = Metric("points", "", higher_is_better=True, digits=1)  # of a notebook


@dataclass(frozen=True)
class Budget:
    """What one train run may bring along and use.

    Processor seconds, of all its processes together, don't depend on how busy the machine is; a GPU is its
    own as long as it trains. trainings: how often it is trained, each time by another seed and with the whole
    budget; its score is the mean.
    """

    cpu_seconds: float = 120.0
    gpu_seconds: float = 60.0  # of the clock, in place of those where it is trained on a GPU
    trainings: int = 1
    archive_bytes: int = 16 * 1024  # packed: room for 10,000 weights or 40,000 labels, hence `deal`
    checkpoint_bytes: int = 16 * MB

    def seconds(self, *, gpu: bool) -> float:
        return self.gpu_seconds if gpu else self.cpu_seconds


@dataclass(frozen=True)
class NotebookBudget:
    """What the grading of one notebook may use, beside `Limits`."""

    cell_seconds: float = 120.0  # wall time of a cell
    seconds: float = 600.0  # of all of them
    archive_bytes: int = 4 * MB  # without outputs, which are not handed in


@dataclass(frozen=True)
class Estimate:
    """A score and the half-width of its 95 % interval, in the metric's unit."""

    value: float
    half_width: float


@dataclass(frozen=True, kw_only=True)
class Outline:
    """An assignment as its boards, limits and listings need it.

    metrics[0] ranks; the others are shown. tiers go from the easiest to the hardest; train runs have
    their own, since a training within `budget` reaches less than weights that took hours; by default none.
    captions explain what `check` shows, each picture and text by its name, to who sees it for the first time.
    """

    slug: str
    title: str
    metrics: tuple[Metric, ...]
    tiers: tuple[Tier, ...]
    train_tiers: tuple[Tier, ...] = ()
    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=Budget)  # of a train run
    notebook_budget: NotebookBudget = field(default_factory=NotebookBudget)
    notebook_alone: bool = False  # no model is handed in, and there is no board
    captions: Mapping[str, str] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)

    @property
    def metric(self) -> Metric:
        return self.metrics[0]

    def archive_limit(self, run_kind: RunKind) -> int:
        """Bytes that may be handed in: of a train run little, for it brings no weights along."""
        if run_kind is RunKind.NOTEBOOK:
            return self.notebook_budget.archive_bytes
        return self.budget.archive_bytes if run_kind is RunKind.TRAIN else self.limits.archive_bytes

    def metric_of(self, run_kind: RunKind) -> Metric:
        return POINTS if run_kind is RunKind.NOTEBOOK else self.metric

    def tiers_of(self, run_kind: RunKind) -> tuple[Tier, ...]:
        return self.train_tiers if run_kind is RunKind.TRAIN else self.tiers

    def tier_of(self, score: float, run_kind: RunKind = RunKind.EVALUATE) -> str:
        """The hardest tier of the board of `run_kind` that `score` reaches, or an empty string."""
        sign = 1 if self.metric.higher_is_better else -1
        for tier in reversed(self.tiers_of(run_kind)):
            if sign * score >= sign * tier.score:
                return tier.name
        return ""

    def told(self) -> "Outline":
        """What a student may know of it: no functions, and nobody's extension."""
        theirs = {each.name: getattr(self, each.name) for each in fields(Outline)}
        metrics = tuple(replace(metric, bounds=None) for metric in self.metrics)
        rules = self.rules.model_copy(update={"extensions": {}})
        return Outline(**theirs | {"metrics": metrics, "rules": rules})
