"""The rules of the house, as tests: arrows only downward, no cycles, every folder complete, README true."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli import heldout
from grader import catalogue
from grader.spec import RunKind

HOME = Path(__file__).resolve().parents[1]
OURS = (
    "assignments",
    "baselines",
    "benchmarks",
    "cli",
    "cluster",
    "commands",
    "desk",
    "grader",
    "leaderboard",
    "reference_solutions",
    "server",
    "tests",
)
FOLDERS = (
    "assignments",
    "baselines",
    "benchmarks",
    "cluster",
    "commands",
    "demo",
    "desk",
    "grader",
    "leaderboard",
    "reference_solutions",
    "server",
)

FOR_ASSIGNMENTS = (
    "grader.classifier",
    "grader.clothes",
    "grader.corpus",
    "grader.datasets",
    "grader.errors",
    "grader.questions",
    "grader.rendering",
    "grader.scoring",
    "grader.signals",
    "grader.spec",
)

FOR_CLIENTS = (  # who has nothing that grades
    "desk.answers",
    "desk.connection",
    "desk.credentials",
    "desk.desk",
    "desk.upload",
    "desk.wire",
    "grader.archive",
    "grader.errors",
    "grader.outline",
    "leaderboard.marks",
    "leaderboard.membership",
    "leaderboard.plain",
    "leaderboard.records",
)

# Who may import what of ours: the longest matching prefix of the importing module decides.
ALLOWED = {
    "cli": ("commands", "grader", "leaderboard"),
    "commands": ("commands", "cluster", "server", "desk", "grader", "leaderboard"),
    "cluster": ("cluster", "grader"),  # the ledger is claimed and recorded into from above
    "cluster.work": ("cluster.parts", "grader.report"),  # for the type checker alone
    "server": (
        "grader.catalogue",
        "server",
        "desk",
        "leaderboard",
        "grader.archive",
        "grader.course",
        "grader.current",
        "grader.errors",
        "grader.outline",
        "grader.spec",
    ),
    "desk": ("desk", "leaderboard", "grader"),
    "desk.answers": FOR_CLIENTS,
    "desk.connection": FOR_CLIENTS,
    "desk.credentials": FOR_CLIENTS,
    "desk.remote": FOR_CLIENTS,
    "desk.upload": FOR_CLIENTS,
    "desk.desk": ("grader.archive", "grader.outline", "leaderboard.records"),
    "desk.wire": (
        "desk.desk",
        "grader.errors",
        "grader.outline",
        "leaderboard.membership",
        "leaderboard.records",
    ),
    "leaderboard": (
        "leaderboard",
        "grader.archive",
        "grader.catalogue",
        "grader.errors",
        "grader.outline",
        "grader.report",
        "grader.rules",
        "grader.scoring.statistics",
        "grader.spec",
    ),
    "leaderboard.web": (
        "leaderboard",
        "grader.catalogue",
        "grader.errors",
        "grader.notebook.executed",
        "grader.outline",
        "grader.report",
        "grader.scoring.statistics",
        "grader.spec",
    ),
    "grader": ("grader",),
    "grader.sandbox": ("grader.errors", "grader.sandbox", "grader.spec"),
    "grader.sandbox.launch": (),
    "grader.sandbox.runner": ("grader.sandbox.runner",),
    "grader.scoring": ("grader.scoring",),
    "grader.classifier": ("grader.questions", "grader.scoring", "grader.spec"),
    "grader.questions": ("grader.errors", "grader.spec"),
    "grader.errors": (),
    "grader.rules": (),
    "grader.outline": ("grader.rules",),
    "grader.spec": ("grader.outline",),
    "grader.report": ("grader.errors", "grader.outline", "grader.spec"),
    "grader.archive": ("grader.errors", "grader.outline"),
    "grader.catalogue": ("grader.errors", "grader.spec"),
    "grader.autograde": ("grader.errors", "grader.outline", "grader.report"),
    "grader.template.assignments": ("grader.template.assignments", *FOR_ASSIGNMENTS),
    "grader.template.baselines": (),
    "grader.template.reference_solutions": (),
    "assignments": FOR_ASSIGNMENTS,
    "baselines": (),
    "reference_solutions": (),
    "demo": (),
    "benchmarks": (
        "benchmarks",
        "cluster",
        "desk",
        "grader",
        "leaderboard",
        "assignments.gan.evaluate",
        "tests.assignments.in_process",
    ),
    "benchmarks.tasks": (),
}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(HOME).with_suffix("").parts).removesuffix(".__init__")


def sources() -> list[Path]:
    found = [HOME / "cli.py"]
    for folder in FOLDERS:
        found += sorted(path for path in (HOME / folder).rglob("*.py") if "sanity" not in path.parts)
    return found


def imports(path: Path) -> Iterator[str]:
    """Names that a file imports, relative ones resolved; those for the type checker alone count as well."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, node.module] if node.module else base)
            yield from (f"{source}.{alias.name}" for alias in node.names)


def ours(path: Path) -> set[str]:
    """The modules of ours that `path` imports: `from grader import grade` counts for grader.grade."""
    names = set()
    for name in imports(path):
        parts = name.split(".")
        if parts[0] not in OURS:
            continue
        for length in (len(parts), len(parts) - 1):
            stem = HOME.joinpath(*parts[:length])
            if stem.with_suffix(".py").is_file() or (stem / "__init__.py").is_file():
                names.add(".".join(parts[:length]))
                break
        else:
            names.add(name)
    return names


def under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_arrows_point_downward(path: Path) -> None:
    name = module_name(path)
    home = ".".join(name.split(".")[:2]) if name.startswith("assignments") else name
    rule = max((prefix for prefix in ALLOWED if under(name, prefix)), key=len)
    allowed = (*ALLOWED[rule], home)
    if "starter" in name.split("."):
        allowed = ()
    forbidden = [target for target in ours(path) if not any(under(target, prefix) for prefix in allowed)]
    assert not forbidden, f"{name} may import {allowed or 'nothing of ours'}, not {forbidden}"


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {module_name(path): ours(path) - {module_name(path)} for path in sources()}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


@pytest.mark.parametrize("slug", catalogue.slugs())
def test_every_assignment_folder_has_the_same_files(slug: str) -> None:
    assignment = catalogue.find(slug)
    assert assignment.slug == slug
    for tier in (*assignment.tiers, *assignment.train_tiers):
        assert (HOME / tier.exemplar / "model.py").is_file(), tier


@pytest.mark.parametrize("slug", catalogue.slugs())
def test_train_tiers_have_the_names_and_the_order_of_the_tiers(slug: str) -> None:
    assignment = catalogue.find(slug)
    names = [tier.name for tier in assignment.train_tiers]
    assert names == [tier.name for tier in assignment.tiers if tier.name in names]
    for tier in assignment.train_tiers:
        assert assignment.tier_of(tier.score, RunKind.TRAIN) == tier.name
        assert (HOME / tier.exemplar / "train.py").is_file(), tier


@pytest.mark.parametrize("slug", catalogue.slugs())
def test_every_reference_has_a_train_file_and_small_weights(slug: str) -> None:
    for solution in catalogue.solutions(slug):
        if solution.kind == "reference":
            assert (solution.folder / "train.py").is_file(), solution
        for weights in solution.folder.glob("*.safetensors"):
            assert weights.stat().st_size < 1_000_000, weights


# ---------------------------------------------------------------- the README and the command line


def verbs(command: click.Command, name: str) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield name
        return
    for child_name, child in command.commands.items():
        yield from verbs(child, f"{name} {child_name}")


def test_readme_lists_every_verb_and_no_other() -> None:
    readme = (HOME / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(heldout [a-z -]*[a-z])", readme, re.MULTILINE))
    assert listed == set(verbs(heldout, "heldout"))


def test_readme_shows_help_as_it_is() -> None:
    readme = (HOME / "README.md").read_text(encoding="utf-8")
    shown = CliRunner().invoke(heldout, ["--help"], prog_name="heldout", terminal_width=80).output
    assert shown in readme


def test_every_verb_and_option_says_what_it_does() -> None:
    silent = [name for name in verbs(heldout, "") if not command_at(name).help]
    assert not silent
    for name in verbs(heldout, ""):
        options = [option for option in command_at(name).params if isinstance(option, click.Option)]
        assert not [option.name for option in options if not option.help], name


def command_at(name: str) -> click.Command:
    command: click.Command = heldout
    for part in name.split():
        assert isinstance(command, click.Group)
        command = command.commands[part]
    return command


def test_help_imports_nothing_heavy() -> None:
    heavy = {"torch", "numpy", "sqlalchemy", "rich", "pydantic", "httpx"}
    asked = f"import sys, cli; print({heavy} & set(sys.modules))"
    printed = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, cwd=HOME, check=True
    )
    assert printed.stdout.strip() == "set()"
