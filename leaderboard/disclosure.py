"""What is told of a submission, in the terminal and on pages: words for its state, and figures rounded.

While it saw held-out items, a submission could have spelt them out in what it used.
"""

from dataclasses import asdict
from typing import Any

from grader.outline import Metric, Outline, RunKind, readable
from grader.report import Resources, Training
from leaderboard.coarse import coarse
from leaderboard.records import State, Submission


def figures(used: Resources) -> dict[str, Any]:
    """For a program."""
    told = asdict(coarse(used))
    return told | {"output_dropped": bool(told.pop("dropped_bytes"))}


def used(used: Resources) -> str:
    """What was used of which limits."""
    wall, memory = f"{used.wall_seconds:.1f} s wall", readable(coarse(used).peak_bytes)
    if used.limits:
        wall += f" (limit {used.limits.check_seconds:g} s public + {used.limits.wall_seconds:g} s held-out)"
        memory += f" of {readable(used.limits.memory_bytes)}"
    return f"{wall}, {used.cpu_seconds:.1f} s CPU, {memory}"


def sandbox(used: Resources) -> str:
    layers = ", ".join(used.layers) or "no layers: this result was not made in a sandbox"
    return f"{used.launcher}: {layers}"


def trained(training: Training, assignment: Outline) -> str:
    """What was used of the budget."""
    cut = ", then it was cut: what was saved last counts" if training.cut else ""
    if training.broke:
        cut = f", then it broke ({training.broke.splitlines()[0]}): what was saved last counts"
    spent = f"; {training.wall_seconds:.1f} s wall, {readable(training.peak_bytes)}"
    gpu = training.gpu_seconds > 0
    used = training.gpu_seconds if gpu else training.cpu_seconds
    return (
        f"{training.steps:,} steps in {used:.0f} of {training.budget or assignment.budget.cpu_seconds:g} "
        f"{'GPU' if gpu else 'CPU'}-seconds{cut}{_losses(training)}{spent if training.wall_seconds else ''}"
    )


def trainings(one: Submission, assignment: Outline) -> list[str]:
    """A line for each of several, with its score where that is told; none for a single one."""
    judging = one.judging
    if judging is None or judging.training is None or not judging.further:
        return []
    every = (judging.training, *judging.further)
    return [f"{trained(each, assignment)}{_scored(each, assignment.metric)}" for each in every]


def _scored(training: Training, metric: Metric) -> str:
    told = {"": training.public, ", private": training.private}
    return "".join(
        f"; {metric.name}{split} {value:z.{metric.digits}f}"
        for split, value in told.items()
        if value is not None
    )


REPEATED = {
    True: "repeated by the same seeds, the same came out, bit for bit",
    False: "repeated by the same seeds, something else came out: it is not deterministic",
}


def _losses(training: Training) -> str:
    if len(training.curve) < 2:
        return ""
    return f"; loss {training.curve[0][1]:.4g} → {training.curve[-1][1]:.4g}"


def status(one: Submission) -> str:
    """Its state in a few words, with the place of one that waits."""
    kind = {RunKind.TRAIN: " (train run)", RunKind.NOTEBOOK: " (notebook)"}.get(one.run_kind, "")
    selected = ", selected" if one.selected else ""
    if one.withdrawn:
        return f"withdrawn{kind}"
    if one.same_as:
        return f"a reference's answers: not ranked{kind}"
    if one.withheld:
        return f"no significant improvement{selected}{kind}"
    if one.failure is not None:
        return f"failed: {one.failure.reason}{kind}"
    return f"{one.state}{selected}{kind}{_place(one)}"


def _place(one: Submission) -> str:
    """How many go before it, and in about how many minutes it may begin."""
    if one.place is None:
        return ""
    if one.place.paused:
        return ", grading is paused"
    ahead = f", {one.place.ahead} ahead" if one.place.ahead else ""
    return ahead if one.place.seconds is None else f"{ahead}, ~{max(1, round(one.place.seconds / 60))} min"


def word(one: Submission) -> str:
    """The same where there is little room."""
    told = {"withdrawn": one.withdrawn, "not ranked": one.same_as, "selected": one.selected}
    found = next((word for word, holds in told.items() if holds), "no gain" if one.withheld else one.state)
    kind = {RunKind.TRAIN: " (train)", RunKind.NOTEBOOK: " (notebook)"}.get(one.run_kind, "")
    return f"{found}{kind}"


def remarks(one: Submission, *, undo: str) -> list[str]:
    """What its status means for the team. undo: how a withdrawal is taken back."""
    found = []
    if one.withdrawn:
        lost = "gives no points" if one.run_kind is RunKind.NOTEBOOK else "counts on no board"
        found.append(f"it {lost}; take that back {undo}")
    if one.same_as:
        found.append(
            f"its answers are those of the reference solution {one.same_as!r}, which earn nobody a place"
        )
    if one.withheld:
        found.append(
            "what the public board tells of you stays as it was"
            + ("" if one.selected or one.withdrawn else "; you may still select this one")
        )
    if one.selected:
        found.append("one of your final selections")
    if one.judging is not None and one.judging.reproduced is not None:
        found.append(REPEATED[one.judging.reproduced])
    if one.state is State.GRADER_ERROR:
        found.append(
            "the grader broke, not your code: this costs no attempt; tell your instructor the number"
        )
    return found
