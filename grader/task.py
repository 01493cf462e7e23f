"""What grading one submission needs, wherever it is done: the job without its team, and its terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from grader.outline import MIB, Budget, Limits, NotebookBudget, RunKind
from grader.report import Job
from grader.sandbox.clock import IDLE
from grader.spec import Assignment

OURS = 3600.0  # seconds, at most, for what has no limit of its own: a wait for a GPU, scores to compute
GPU_MEMORY = 8_192 * MIB  # of the machine, at least, where a GPU is used: CUDA alone takes gigabytes of it


@dataclass(frozen=True)
class Terms:
    """What the course lets a submission to this assignment use. `gpu`: its trainings have one."""

    limits: Limits
    budget: Budget
    notebook_budget: NotebookBudget
    gpu: bool = False

    @classmethod
    def of(cls, assignment: Assignment) -> "Terms":
        return cls(assignment.limits, assignment.budget, assignment.notebook_budget)

    def on(self, device: str, run_kind: RunKind) -> "Terms":
        """With "cuda" all are trained on a GPU; asked on one are models whose assignment wants that, unless
        the device is "cpu". No notebook has a GPU.
        """
        asked = self.limits.gpu and device != "cpu" and run_kind is not RunKind.NOTEBOOK
        trained = run_kind is RunKind.TRAIN and (asked or device == "cuda")
        least = GPU_MEMORY if asked or trained else 0
        memory = max(self.limits.memory_bytes, least)
        return replace(self, limits=replace(self.limits, gpu=asked, memory_bytes=memory), gpu=trained)

    @property
    def needs_gpu(self) -> bool:
        return self.limits.gpu or self.gpu

    @property
    def longest(self) -> float:
        """Seconds after which a grading hangs: its limits would have ended it long before."""
        training = self.budget.seconds(gpu=self.gpu) / IDLE + self.limits.wall_seconds
        notebook = 2 * self.notebook_budget.seconds
        return 2 * (self.budget.trainings * training + self.limits.check_seconds + notebook) + OURS

    def applied(self, assignment: Assignment) -> Assignment:
        return replace(
            assignment,
            limits=self.limits,
            budget=self.budget,
            notebook_budget=self.notebook_budget,
        )


@dataclass(frozen=True)
class Task:
    """One attempt at one submission.

    `parts`, for who has no course folder: what is needed of the course, SHA-256 by name. See `cluster.parts`.
    """

    ref: int
    assignment: str
    data_version: int
    run_kind: RunKind
    run_seed: int
    archive: bytes
    terms: Terms
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def needs_gpu(self) -> bool:
        return self.terms.needs_gpu

    @property
    def longest(self) -> float:
        return self.terms.longest


def task_of(job: Job, archive: bytes, terms: Terms, run_seed: int) -> Task:
    return Task(job.ref, job.assignment, job.data_version, job.run_kind, run_seed, archive, terms)
