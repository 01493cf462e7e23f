"""Autograding a notebook: its cells run in a sandbox, its tests as they were written, points by known ids."""

import math
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from grader.errors import BadSubmission
from grader.notebook.executed import MOST_BYTES, Shown, pack
from grader.notebook.handed_in import Plan, Step, plan
from grader.notebook.source import Cell, Kind, Notebook
from grader.outline import Estimate, NotebookBudget
from grader.report import CellResult, CellState, Failure, Report, Resources, Verdict
from grader.sandbox import Allowance, NotebookSession, Output, Ran, Sandbox, Usage
from grader.spec import Limits
from grader.student import Progress, Watch, silent

POINTS = "points"
DEATHS = 3  # of the process, after which what is left isn't tried again
CELLS = "cells of the notebook"
TELLS = 300  # characters of a test's own words
LOOK = "it fails; `heldout check --notebook FILE` shows where"
HIDDEN = "a hidden test fails: those that you see pass; try other inputs than theirs"


@dataclass(frozen=True)
class Found:
    """What became of a step."""

    ran: Ran | None = None
    ended: str = ""  # why there is no answer
    skipped: bool = False  # nobody tried

    @property
    def trouble(self) -> str:
        """In words, where it didn't run to its end."""
        if self.ran is None:
            return "did not run to its end" if self.ended else ""
        return {"raised": "raised an error", "timeout": "took too long"}.get(self.ran.state, "")


NOTHING = Found()


def grade_notebook(
    original: Notebook,
    data: bytes,
    kit: bytes,
    *,
    sandbox: Sandbox,
    limits: Limits,
    budget: NotebookBudget,
    progress: Progress = silent,
    watch: Watch | None = None,
    hidden: bool = True,
) -> Report:
    """Run what was handed in, beside the files of `kit`, and give points. Always returns a Report.

    It runs twice, in sandboxes of their own: first with the tests that a student can see, and all of that is
    told; then, where tests have hidden parts, with these, and nothing is told but how they went. The public
    score has the points of the first run, the private one those that count. Without `hidden` tests it is
    what a student's own check runs.
    """
    seen = Running(sandbox, kit, limits, budget, original, progress, watch)
    report = Report(Verdict.SCORED, run_seed=0, data_sha256=original.sha256)
    try:
        planned = plan(data, original)
        open_run = seen.all(planned.steps)
        secret = replace(seen, watch=None, hidden=True, usages=[])
        closed_run = secret.all(planned.steps[: _last_hidden(planned)]) if hidden else []
        cells = tuple(_result(cell, original, planned, open_run, closed_run) for cell in original.graded)
        kept = pack([_shown(step, one) for step, one in zip(planned.steps, open_run, strict=True)])
    except BadSubmission as error:
        failure = Failure(error.reason, str(error))
        return replace(report, verdict=Verdict.FAILED, failure=failure, resources=seen.resources)
    except Exception:  # noqa: BLE001 — as in `grader.grade`: whatever else goes wrong is ours
        log = traceback.format_exc()
        return replace(report, verdict=Verdict.GRADER_ERROR, log=log, resources=seen.resources)
    return replace(
        report,
        public={POINTS: Estimate(math.fsum(each.visible for each in cells), 0.0)},
        private={POINTS: Estimate(math.fsum(each.points for each in cells), 0.0)},
        cells=cells,
        notebook=kept,
        log="\n".join(planned.remarks),
        resources=seen.resources,
    )


def _last_hidden(planned: Plan) -> int:
    """How many steps it takes to have asked all that is hidden."""
    hiding = [place for place, step in enumerate(planned.steps, 1) if step.cell and step.cell.hides]
    return max(hiding, default=0)


# ---------------------------------------------------------------- running


@dataclass(frozen=True)
class Running:
    """One notebook, run once: a process for it, and another one without the cell that the first one died of.

    hidden: tests run whole, and of outputs nothing is kept.
    """

    sandbox: Sandbox
    kit: bytes
    limits: Limits
    budget: NotebookBudget
    original: Notebook
    progress: Progress
    watch: Watch | None
    hidden: bool = False
    usages: list[Usage] = field(default_factory=list)

    def all(self, steps: Sequence[Step]) -> list[Found]:
        """What became of each. Raises SandboxError."""
        if not steps:
            return []
        allowance = Allowance(self.budget.seconds)
        deadly: dict[int, Found] = {}
        while True:
            found = self._once(steps, allowance, deadly)
            if len(found) == len(steps):
                return found
            place = len(found) - 1
            deadly[place] = found[place]
            if len(deadly) >= DEATHS or allowance.left <= 0:
                spent = allowance.left <= 0
                why = "the notebook's time was used up" if spent else "its process ended too often"
                left = Found(ended=f"it was not run: {why}", skipped=True)
                return found + [left] * (len(steps) - len(found))

    def _once(self, steps: Sequence[Step], allowance: Allowance, deadly: Mapping[int, Found]) -> list[Found]:
        """As far as one process gets: the last one is what it died of, where there are fewer than steps."""
        found: list[Found] = []
        room = MOST_BYTES
        session = self.sandbox.open_notebook(self.kit, self.limits, allowance)
        try:
            with session:
                for place, step in enumerate(steps):
                    self._tell(place, len(steps))
                    one = deadly.get(place) or self._step(session, step)
                    room -= sum(len(each.data) for each in one.ran.outputs) if one.ran else 0
                    found.append(one if room > 0 and not self.hidden else _bare(one))
        except BadSubmission as error:
            found.append(Found(ended=error.what))
        finally:
            self.usages.append(session.usage)
        return found

    def _step(self, session: NotebookSession, step: Step) -> Found:
        if not step.is_code:
            return NOTHING
        seconds = self.budget.cell_seconds
        if step.cell is None or not step.is_test:
            return Found(session.run(step.source, seconds=seconds))
        wrong = self.original.tests.wrong()
        if session.run(wrong.source, seconds=seconds, test=wrong.told).state != "raised":
            return Found(Ran("tampered"))
        test = self.original.tests.test(step.cell.source if self.hidden else step.cell.released)
        return Found(session.run(test.source, seconds=seconds, test=test.told))

    def _tell(self, done: int, total: int) -> None:
        self.progress(CELLS, done, total)
        if self.watch is not None:
            self.watch(CELLS, done, total, "")

    @property
    def resources(self) -> Resources:
        met = next((usage for usage in self.usages if usage.killed), None)
        return Resources(
            launcher=self.sandbox.launcher,
            layers=self.sandbox.layers,
            wall_seconds=math.fsum(usage.wall_seconds for usage in self.usages),
            cpu_seconds=math.fsum(usage.cpu_seconds for usage in self.usages),
            peak_bytes=max((usage.peak_bytes for usage in self.usages), default=0),
            killed=met.killed if met else "",
            doing="running the notebook" if met else "",
        )


def _bare(found: Found) -> Found:
    """Of outputs nothing but what a test ended with."""
    if found.ran is None:
        return found
    given = tuple(each for each in found.ran.outputs if each.kind == "points")
    return Found(Ran(found.ran.state, given), found.ended)


# ---------------------------------------------------------------- what comes of it


def _result(
    cell: Cell, original: Notebook, planned: Plan, seen: Sequence[Found], secret: Sequence[Found]
) -> CellResult:
    notes = planned.notes.get(cell.id, ())
    if cell.kind is Kind.ANSWER:
        return CellResult(cell.id, CellState.MANUAL, cell.points, notes=notes)
    place = planned.place(cell)
    state, message = _verdict(seen[place])
    visible = _points(cell, seen[place]) if state is CellState.PASSED else 0.0
    points = visible
    if state is CellState.PASSED and cell.hides and secret:
        points = _points(cell, secret[place])
        if _verdict(secret[place])[0] is not CellState.PASSED:
            state, message, points = CellState.FAILED_HIDDEN, HIDDEN, 0.0
    elif state is not CellState.PASSED:
        message = "; ".join(filter(None, (message or LOOK, _earlier(cell, original, planned, seen))))
    return CellResult(cell.id, state, cell.points, points, visible, message, notes)


def _verdict(found: Found) -> tuple[CellState, str]:
    if found.ran is None:
        return CellState.NOT_RUN if found.skipped else CellState.STOPPED, found.ended
    if found.ran.state == "tampered":
        return CellState.TAMPERED, "wrong tests passed here: Python itself was changed by a cell before"
    if found.ran.state == "timeout":
        return CellState.STOPPED, "the test took too long"
    if found.ran.state == "raised":
        return CellState.FAILED, _said(found.ran.outputs)
    return CellState.PASSED, ""


def _said(outputs: Sequence[Output]) -> str:
    return next((one.text[:TELLS] for one in outputs if one.kind == "error"), "")


def _earlier(cell: Cell, original: Notebook, planned: Plan, found: Sequence[Found]) -> str:
    """Which answers before it didn't run: the likeliest cause."""
    before = original.cells[: original.cells.index(cell)]
    answers = [(each.id, planned.place(each)) for each in before if each.kind is Kind.SOLUTION]
    ill = [
        f"{name} {'is missing' if place < 0 else found[place].trouble}"
        for name, place in answers
        if place < 0 or found[place].trouble
    ]
    return f"before it: {', '.join(ill[:5])}" if ill else ""


def _points(cell: Cell, found: Found) -> float:
    """All of them; or as many as the test's last line says, but never more, nor fewer than none."""
    outputs = found.ran.outputs if found.ran else ()
    # The last ones: the test's own come after whatever it called.
    told = next((one.text for one in reversed(outputs) if one.kind == "points"), None)
    try:
        given = cell.points if told is None else float(told)
    except ValueError:  # who says so is no runner of ours any more
        return 0.0
    return 0.0 if math.isnan(given) else min(max(given, 0.0), cell.points)


def _why_not(found: Found) -> tuple[Output, ...]:
    return (Output("error", "text/plain", found.ended.encode()),) if found.ended else ()


def _shown(step: Step, found: Found) -> Shown:
    """Of a test what can be seen of it: hidden ones are in no notebook that is kept."""
    cell = step.cell
    return Shown(
        cell.id if cell else "",
        str(cell.kind if cell else Kind.PLAIN),
        step.is_code,
        cell.released if cell and step.is_test else step.source,
        found.ran.outputs if found.ran else _why_not(found),
    )
