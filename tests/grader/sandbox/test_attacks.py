"""The attack suite: every folder of tests/cases/attacks against the real sandbox.

A folder is one class of attack inside an otherwise correct submission: `attack.py` (with the common, honest
`model.py`), or a `model.py` of its own, or an `archive.py` whose `make(world)` returns the archive's bytes,
for what no folder can hold. `expected.toml` says:

layer    which layer stops it; with "cgroup" alone the case is skipped where no control group can be made
off      the layers without which it succeeds; absent where that could harm the machine, or shows on an
         idle machine only
verdict  "scored" (the default: as an honest model) or "failed", with
reason   the reason code, or several of which it depends on the moment, and
says     words of the message
limits   other limits than the assignment's
"""

import json
import shutil
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from grader.archive import pack
from grader.grade import check, grade
from grader.prepared import Data
from grader.report import Verdict
from grader.sandbox import Sandbox
from grader.sandbox.cold import ColdSandbox
from grader.spec import MB, Assignment
from tests.grader.sandbox import world as worlds
from tests.grader.sandbox.layers_off import without

ATTACKS = Path(__file__).parents[2] / "cases" / "attacks"
CLASSES = sorted(path for path in ATTACKS.iterdir() if path.is_dir())
HARMLESS = [path for path in CLASSES if "off" in tomllib.loads((path / "expected.toml").read_text())]
HONEST = 9.4  # dB: the noisy image itself


def name(path: Path) -> str:
    return path.name


@dataclass(frozen=True)
class Case:
    archive: bytes
    world: worlds.World
    expected: dict[str, Any]

    @property
    def reasons(self) -> list[str]:
        reasons = self.expected["reason"]
        return reasons if isinstance(reasons, list) else [reasons]


Build = Callable[[Path], Case]


@pytest.fixture
def build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """Packs an attack's folder together with what it must know of the world outside."""
    open_worlds = []

    def make(folder: Path) -> Case:
        place = tmp_path_factory.mktemp("outside")
        for parent in (place, *place.parents[:3]):
            parent.chmod(0o755)
        context = worlds.build(place)
        open_worlds.append(context)
        world = context.__enter__()
        expected = tomllib.loads((folder / "expected.toml").read_text())
        if (folder / "archive.py").exists():
            return Case(run_path(str(folder / "archive.py"))["make"](world.words), world, expected)
        draft = tmp_path_factory.mktemp("draft") / "submission"
        shutil.copytree(folder, draft)
        if not (draft / "model.py").exists():
            shutil.copy(ATTACKS / "model.py", draft)
        (draft / "world.json").write_text(json.dumps(world.words))
        return Case(pack(draft, limit=20 * MB).data, world, expected)

    yield make
    for context in open_worlds:
        context.__exit__(None, None, None)


def demand_groups(case: Case, cold: ColdSandbox) -> None:
    if case.expected["layer"] == "cgroup" and cold.groups is None:
        pytest.skip("no control group can be made here")


def limited(assignment: Assignment, case: Case) -> Assignment:
    return replace(assignment, limits=replace(assignment.limits, **case.expected.get("limits", {})))


@pytest.mark.parametrize("folder", CLASSES, ids=name)
def test_stopped(
    folder: Path,
    build: Build,
    denoising: Assignment,
    denoising_data: Data,
    sandbox: Sandbox,
    cold: ColdSandbox,
) -> None:
    """Graded in full, by the launcher that grading uses."""
    case = build(folder)
    demand_groups(case, cold)
    report = grade(limited(denoising, case), case.archive, denoising_data, sandbox=sandbox, run_seed=7)
    assert report.verdict == case.expected.get("verdict", "scored"), report
    assert case.world.effects(report.log) == [], report.log
    if report.verdict is Verdict.SCORED:
        assert report.public["psnr"].value == pytest.approx(HONEST, abs=1.0)
        return
    assert report.failure is not None
    assert report.failure.reason in case.reasons, report.failure
    for words in case.expected.get("says", ()):
        assert words in report.failure.message


@pytest.mark.thorough
@pytest.mark.parametrize("folder", CLASSES, ids=name)
def test_stopped_by_the_cold_launcher(
    folder: Path, build: Build, denoising: Assignment, denoising_data: Data, cold: ColdSandbox
) -> None:
    """The public part alone: a cold sandbox takes its time, and it is the same door."""
    case = build(folder)
    demand_groups(case, cold)
    found = check(limited(denoising, case), case.archive, denoising_data.public, cold)
    assert case.world.effects(found.log) == [], found.log
    if found.error is not None:
        assert found.error.reason in case.reasons, found.error


@pytest.mark.thorough
@pytest.mark.parametrize("folder", HARMLESS, ids=name)
def test_succeeds_without_its_layer(
    folder: Path, build: Build, denoising: Assignment, denoising_data: Data
) -> None:
    """An attack that is broken itself proves nothing."""
    case = build(folder)
    sandbox = without(case.expected["off"])
    found = check(limited(denoising, case), case.archive, denoising_data.public, sandbox)
    assert case.world.effects(found.log), f"{found.log}\n{found.error}"
