"""Finds assignments and shipped solutions by path, so that a new folder is a new assignment."""

import difflib
import hashlib
import importlib
import importlib.util
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from grader.errors import HeldoutError, UnknownAssignment
from grader.spec import BOARDED, Assignment, RunKind

HOME = Path(__file__).resolve().parents[1]
FILES = ("README.md", "assignment.py", "data.py", "evaluate.py", "starter/model.py", "starter/train.py")
ALONE = ("README.md", "assignment.py", "notebook.ipynb")  # of one that is a notebook and nothing else


@dataclass(frozen=True)
class Solution:
    """A shipped submission. `kind` is "baseline" or "reference"."""

    kind: str
    slug: str
    name: str
    folder: Path

    @property
    def team(self) -> str:
        return f"{self.name} ({self.kind})"


def slugs(home: Path = HOME) -> list[str]:
    return sorted(path.parent.name for path in home.glob("assignments/*/assignment.py"))


def find(slug: str, home: Path = HOME) -> Assignment:
    """Load an assignment. Raises HeldoutError when it is unknown or its folder lacks a file."""
    known = slugs(home)
    if slug not in known:
        close = difflib.get_close_matches(slug, known, n=1)
        raise UnknownAssignment(
            f"there is no assignment {slug!r}",
            where="" if home == HOME else str(home / "assignments"),
            expected=f"one of: {', '.join(known) or 'none is there'}",
            next_step=f"did you mean {close[0]!r}?" if close else "see `heldout assignments`",
        )
    folder = home / "assignments" / slug
    _check_complete(folder)
    assignment = load(folder)
    for run_kind in BOARDED:
        _check_order(assignment, run_kind, folder)
        _check_exemplars(assignment, run_kind, folder)
    return assignment


def load(folder: Path) -> Assignment:
    """The assignment in a folder, `…/assignments/SLUG`, of which nothing else is checked."""
    assignment: Assignment = _import(folder).ASSIGNMENT
    return replace(assignment, folder=folder)


def solutions(slug: str, home: Path = HOME) -> list[Solution]:
    """The shipped baselines and reference solutions, in alphabetical order within each kind."""
    return [
        Solution(kind, slug, path.parent.name, path.parent)
        for kind, parent in (("baseline", "baselines"), ("reference", "reference_solutions"))
        for path in sorted(home.glob(f"{parent}/{slug}/*/model.py"))
    ]


def named(name: str, home: Path = HOME) -> list[Solution]:
    """Those of an assignment, or the one `SLUG/NAME`. Raises HeldoutError where there is none."""
    slug, _, wanted = name.partition("/")
    every = solutions(find(slug, home).slug, home)
    found = [one for one in every if not wanted or one.name == wanted]
    if wanted and not found:
        close = difflib.get_close_matches(wanted, [one.name for one in every], n=1)
        raise HeldoutError(
            f"{slug} has no solution {wanted!r}",
            where=str(home / "baselines" / slug),
            expected=f"one of: {', '.join(one.name for one in every)}",
            next_step=f"did you mean {slug}/{close[0]}?" if close else "",
        )
    return found


def _check_complete(folder: Path) -> None:
    missing = [name for name in FILES if not (folder / name).is_file()]
    if set(missing) == set(FILES) - set(ALONE) and (folder / ALONE[-1]).is_file():
        return
    if missing:
        raise HeldoutError(
            f"the assignment lacks {', '.join(missing)}",
            where=str(folder),
            expected=f"the files {', '.join(FILES)}",
            next_step="add them; the other assignments show what belongs in each",
        )


def _check_order(assignment: Assignment, run_kind: RunKind, folder: Path) -> None:
    """Raise HeldoutError unless each tier is harder than the one before."""
    scores = [tier.score for tier in assignment.tiers_of(run_kind)]
    called = "train tiers" if run_kind is RunKind.TRAIN else "tiers"
    wanted = sorted(set(scores), reverse=not assignment.metric.higher_is_better)
    if scores != wanted:
        better = "higher" if assignment.metric.higher_is_better else "lower"
        raise HeldoutError(
            f"the {called} of {assignment.slug} are in the wrong order: {', '.join(map(str, scores))}",
            where=str(folder / "assignment.py"),
            expected=f"from the easiest to the hardest; {better} is better: {', '.join(map(str, wanted))}",
            next_step="reorder them, or mend the metric's direction",
        )


def _check_exemplars(assignment: Assignment, run_kind: RunKind, folder: Path) -> None:
    """Raise HeldoutError unless each tier's exemplar is there, and can be trained where it is to be."""
    trained = run_kind is RunKind.TRAIN
    called, needed = ("train tier", "train.py") if trained else ("tier", "model.py")
    for tier in assignment.tiers_of(run_kind):
        if not (folder.parents[1] / tier.exemplar / needed).is_file():
            raise HeldoutError(
                f"the {called} {tier.name} of {assignment.slug} names an exemplar that is not there",
                where=f"{folder / 'assignment.py'}: {tier.exemplar}",
                expected=f"a folder with {needed} below baselines/ or reference_solutions/",
                next_step="add it, or name another",
            )


def _import(folder: Path) -> ModuleType:
    """Import the folder as a package of its own, so that `from .data import …` works wherever it lies."""
    name = f"heldout_assignment_{folder.name.replace('-', '_')}"
    if folder.parents[1] != HOME:  # two homes may have assignments of one name
        name += "_" + hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    if name not in sys.modules:
        spec = importlib.util.spec_from_loader(name, loader=None, is_package=True)
        assert spec is not None
        package = importlib.util.module_from_spec(spec)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return importlib.import_module(f"{name}.assignment")
