"""An assignment's sanity suite: submissions whose verdict is known, graded like any student's.

assignments/<slug>/sanity/<case>/ holds model.py and what else is submitted, and beside it two files that are
not: expected.toml, the verdict (`Expected`, or several of them as [[variants]]); and, where a case carries
data too large to be kept, build.py, whose `build(folder, public)` writes them into the draft.
sanity/shipped.toml has a table of scores for the starter, and for each baseline and reference solution.
"""

import json
import math
import re
import runpy
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from grader import catalogue
from grader.archive import pack_for
from grader.errors import HeldoutError, Reason
from grader.grade import grade
from grader.prepared import Data, draw
from grader.report import Estimate, Report, Verdict
from grader.sandbox import Sandbox
from grader.scoring.statistics import bootstrap_half_width
from grader.spec import Arrays, Assignment, Limits, RunKind, Tier

SUITE = "sanity"  # the folder within an assignment's
SHIPPED = "shipped.toml"  # in it: by name, the scores of what is shipped
NOT_SUBMITTED = ("expected.toml", "build.py")
# What a statement tells of limits and budget, in the words around the amount.
FIGURES = {
    "limits.archive_bytes": "One submission: {} packed",
    "limits.memory_bytes": "{} of memory",
    "limits.check_seconds": "{} s for the",
    "limits.wall_seconds": "{} s for all",
    "budget.archive_bytes": "{} packed at most",
    "budget.cpu_seconds": "It may use {} CPU-seconds",
    "budget.checkpoint_bytes": "saves in `out`, {} at most",
}
UNITS = {
    "": 1,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "kB": 1_000,
    "MB": 1_000_000,
    "GB": 1_000_000_000,
}
AMOUNT = f"(\\d+(?:\\.\\d+)?) ?({'|'.join(UNITS)})"
SMALL, COURSE_SEED, RUN_SEED = 256, 1, 7  # the held-out items and the seeds that [scores] are stated for
TRAIN_RUNS = "\n## Train runs\n"  # a statement's section


class Expected(BaseModel):
    """What a case must lead to. `scores`: lowest and highest mean on the public board's items, by metric."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str = ""  # what it tries, and what stops it
    run: RunKind = RunKind.EVALUATE
    verdict: Verdict = Verdict.SCORED
    reason: Reason | None = None
    says: tuple[str, ...] = ()  # words of the message
    limits: Mapping[str, int | float] = Field(default_factory=dict)  # that differ from the assignment's
    scores: Mapping[str, tuple[float, float]] = Field(default_factory=dict)

    @field_validator("limits")
    @classmethod
    def _known(cls, limits: Mapping[str, int | float]) -> Mapping[str, int | float]:
        if unknown := sorted(set(limits) - {each.name for each in fields(Limits)}):
            raise ValueError(f"there are no limits {', '.join(unknown)}")
        return limits


@dataclass(frozen=True)
class Case:
    name: str
    folder: Path
    expected: Expected
    parameters: Mapping[str, Any] = field(default_factory=dict)  # submitted as parameters.json


@dataclass(frozen=True)
class Outcome:
    """A case as it was judged. No complaints: as expected."""

    case: Case
    report: Report
    complaints: tuple[str, ...]


def cases(assignment: Assignment) -> list[Case]:
    """The assignment's suite by name. Raises HeldoutError where an expected.toml is missing or wrong."""
    folders = sorted(path for path in (assignment.folder / SUITE).glob("*") if path.is_dir())
    return [case for folder in folders for case in _variants(folder)]


def shipped(assignment: Assignment) -> list[Case]:
    """The starter, trained by the grader, and the baselines and reference solutions: all must be scored.

    Raises HeldoutError where shipped.toml is wrong, or tells of what isn't shipped.
    """
    home = assignment.folder.parents[1]
    expected = {"starter": Expected(about="the starter code, trained within the budget", run=RunKind.TRAIN)}
    folders = {"starter": assignment.folder / "starter"}
    for solution in catalogue.solutions(assignment.slug, home):
        name = str(solution.folder.relative_to(home))
        expected[name], folders[name] = Expected(about=f"a {solution.kind}"), solution.folder
    path = assignment.folder / SUITE / SHIPPED
    with _described(f"{SHIPPED} does not say what is expected of what is shipped", path):
        for name, scores in tomllib.loads(path.read_text(encoding="utf-8")).items():
            expected[name] = Expected(**{**dict(expected[name]), "scores": scores})
    return [Case(name, folder, expected[name]) for name, folder in folders.items()]


def statement_complaints(assignment: Assignment) -> list[str]:
    """What the statement does not tell, or tells wrongly, of tiers, limits and budget."""
    statement = (assignment.folder / "README.md").read_text(encoding="utf-8")
    return [*_wrong_tiers(assignment, statement), *_wrong_figures(assignment, statement)]


def _wrong_tiers(assignment: Assignment, statement: str) -> Iterator[str]:
    """Each tier has a line `| name | score | exemplar … | …`.

    Those of train runs have theirs in the section "Train runs", where they can't be taken for the others.
    """
    before, _, rest = statement.partition(TRAIN_RUNS)
    trained, _, after = rest.partition("\n## ")
    for line in _untold(assignment.tiers, f"{before}\n{after}"):
        yield f"README.md has no line {line}"
    for line in _untold(assignment.train_tiers, trained):
        yield f"README.md has no line {line} below {TRAIN_RUNS.strip()!r}"


def _untold(tiers: Iterable[Tier], text: str) -> Iterator[str]:
    found = re.findall(r"^\| (\S+) \| (-?[\d.]+) \| `([^`]+)`", text, re.MULTILINE)
    told = {(name, float(score), exemplar) for name, score, exemplar in found}
    for tier in tiers:
        if (tier.name, tier.score, tier.exemplar) not in told:
            yield f"'| {tier.name} | {tier.score:g} | `{tier.exemplar}`'"


def _wrong_figures(assignment: Assignment, statement: str) -> Iterator[str]:
    """Each of `FIGURES` is somewhere in the sections of train runs and limits, and nowhere another one."""
    sections = re.findall(r"^## (?:Train runs|Limits)$.*?(?=^## |\Z)", statement, re.MULTILINE | re.DOTALL)
    text = " ".join("".join(sections).replace("*", "").split())
    for name, words in FIGURES.items():
        value = attrgetter(name)(assignment)
        found = re.findall(words.format(AMOUNT), text)
        if not found:
            yield f"README.md does not tell {name}, {value:,}, as '{words.format('…')}'"
        for number, unit in found:
            if float(number) * UNITS[unit] != value:
                yield f"README.md tells '{words.format(f'{number} {unit}'.strip())}'; {name} is {value:,}"


def small_data(assignment: Assignment) -> Data:
    """The small profile of `COURSE_SEED`, in no course's folder. Raises HeldoutError like `prepared.draw`."""
    prepared = draw(assignment, COURSE_SEED, size=SMALL)
    return Data(prepared.public, prepared.heldout, sha256="")


def run(case: Case, assignment: Assignment, data: Data, *, sandbox: Sandbox) -> Outcome:
    """Grade the case on `small_data` and hold the report against what was expected, stated for `RUN_SEED`."""
    expected = case.expected
    limits = replace(assignment.limits, **expected.limits)  # type: ignore[arg-type]
    settled = replace(assignment, limits=limits)
    archive = _pack(case, data.public, settled)
    report = grade(settled, archive, data, sandbox=sandbox, run_seed=RUN_SEED, run_kind=expected.run)
    return Outcome(case, report, (*complaints(expected, report), *tier_complaints(case, assignment, report)))


def _variants(folder: Path) -> Iterator[Case]:
    path = folder / "expected.toml"
    with _described(f"the case {folder.name} does not say what is expected of it", path):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        variants = table.pop("variants", None)
        if variants is None:
            yield Case(folder.name, folder, Expected(**table))
            return
        for variant in variants:
            name, parameters = variant.pop("name"), variant.pop("parameters")
            yield Case(f"{folder.name} {name}", folder, Expected(**table | variant), parameters)


@contextmanager
def _described(what: str, path: Path) -> Iterator[None]:
    """Raises HeldoutError, `what`, for what is wrong with a file of expectations."""
    try:
        yield
    except (OSError, tomllib.TOMLDecodeError, ValidationError, KeyError) as error:
        raise HeldoutError(
            what,
            where=f"{path}: {error}",
            expected="of a case about, verdict, reason, says, [limits], [scores], or several of these as "
            "[[variants]] with name and parameters; of what is shipped a table of scores for each name",
            next_step="the other assignments show how",
        ) from error


def _pack(case: Case, public: Arrays, assignment: Assignment) -> bytes:
    with tempfile.TemporaryDirectory() as temporary:
        draft = Path(temporary) / case.folder.name
        shutil.copytree(case.folder, draft, ignore=shutil.ignore_patterns(*NOT_SUBMITTED))
        if case.parameters:
            (draft / "parameters.json").write_text(json.dumps(dict(case.parameters)))
        if (case.folder / "build.py").is_file():
            runpy.run_path(str(case.folder / "build.py"))["build"](draft, public)
        return pack_for(assignment, draft, case.expected.run).data


def complaints(expected: Expected, report: Report) -> Iterator[str]:
    """What differs between a report and what was expected of it."""
    if report.verdict is not expected.verdict:
        said = report.failure.message if report.failure else report.log
        yield f"{report.verdict} where {expected.verdict} was expected: {said}"
        return
    if report.failure is not None:
        if report.failure.reason is not expected.reason:
            yield f"failed as {report.failure.reason}, not as {expected.reason}: {report.failure.message}"
        missing = [words for words in expected.says if words not in report.failure.message]
        if missing:
            yield f"the message lacks {missing}: {report.failure.message}"
        if report.items or report.public:
            yield "a failed submission has scores"
    for metric, (low, high) in expected.scores.items():
        value = report.public[metric].value
        # A whole set's score is told to the nearest half-width.
        rounding = 0.0 if metric in report.items else report.public[metric].half_width / 2
        if not low - rounding <= value <= high + rounding:
            yield f"{metric} is {value:.4g}; expected {low:.4g} to {high:.4g}"


def tier_complaints(case: Case, assignment: Assignment, report: Report) -> Iterator[str]:
    """An exemplar may miss its tier by the luck of the items, but never what the tier before it asks for."""
    metric = assignment.metric
    if metric.name not in report.public:
        return
    found = _on_all_items(report, metric.name, assignment.block)
    sign = 1 if metric.higher_is_better else -1
    easier = -math.inf
    for tier in assignment.tiers_of(case.expected.run):
        goal = sign * tier.score
        if tier.exemplar == case.name and sign * found.value < max(goal - found.half_width, easier):
            yield f"{found.value:.4g} ± {found.half_width:.2g} is not the tier {tier.name}, {tier.score:g}"
        easier = goal


def _on_all_items(report: Report, metric: str, block: int) -> Estimate:
    """Both boards' items, since the public ones are few; of a whole set the public board's figure."""
    if metric not in report.items:
        return report.public[metric]
    values = report.items[metric]
    return Estimate(float(values.mean()), bootstrap_half_width(values, np.random.default_rng(0), block=block))
