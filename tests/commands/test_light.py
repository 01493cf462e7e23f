"""A student's laptop has no package that grades: every verb that asks a server does without."""

import ast
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

from commands.extras import BROUGHT_BY, lacking
from tests.desk.fake import ONE_TIME, TOKEN, serving

HOME = Path(__file__).resolve().parents[2]
WITHOUT = sorted({name for modules in BROUGHT_BY.values() for name in modules})
BASE = {"click", "httpx", "pydantic", "pydantic_core", "rich", "tenacity", "typing_extensions"}
ELSEWHERE = {"psycopg", "pynvml"}  # of the extras `cluster` and `gpu`, and done without
RUN = """
import json, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in %r:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
import cli

for words in json.loads(sys.argv[1]):
    sys.argv = ["heldout", *words]
    try:
        cli.main()
    except SystemExit as end:
        print("exit", end.code or 0, *words, flush=True)
"""
VERBS = [
    ["--help"],
    ["whoami"],
    ["assignments"],
    ["start", "denoising"],
    ["submit", "denoising", "-f", "denoising", "-m", "one", "--wait"],
    ["submissions", "denoising"],
    ["show", "7", "--pictures", "pictures"],
    ["leaderboard", "denoising", "--download", "--charts", "charts", "--show"],
    ["limits", "denoising"],
    ["select", "7"],
    ["withdraw", "7"],
    ["writeup", "7", "denoising/README.md"],
    ["team", "list"],
    ["team", "merge", "Ada", "Bob"],
    ["team", "part", "Bob"],
    ["extend", "denoising", "ada", "--until", "2026-11-21T18:00Z"],
    ["disqualify", "denoising", "Bob", "--reason", "copied"],
    ["reinstate", "denoising", "Bob"],
    ["reveal", "denoising"],
    ["audit"],
    ["link"],
    ["logout"],
]


def environment(folder: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("HELDOUT_", "PYTHONPATH"))
    }
    return {**kept, "XDG_CONFIG_HOME": str(folder / "config"), "NO_COLOR": "1"}


def test_every_verb_that_asks_a_server_does_without(tmp_path: Path) -> None:
    with serving() as fake:
        words = [["login", fake.url, "--token", ONE_TIME], *VERBS]
        ran = subprocess.run(
            [sys.executable, "-c", RUN % WITHOUT, json.dumps(words)],
            cwd=tmp_path,
            env={**environment(tmp_path), "PYTHONPATH": str(HOME)},
            input="",
            capture_output=True,
            text=True,
        )
    ended = [line for line in ran.stdout.splitlines() if line.startswith("exit")]
    assert ended == [f"exit 0 {' '.join(one)}" for one in words], ran.stdout + ran.stderr
    assert len(fake.received) == 1
    assert TOKEN not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (["check", "--assignment", "denoising"], "grader"),
        (["course", "init", "new"], "grader"),
        (["grade", "--course", "."], "grader"),
        (["scheduler", "tcp://127.0.0.1:1"], "cluster"),
        (["worker", "--make-certificates", "papers"], "cluster"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_it_can_not_do_names_what_to_install(tmp_path: Path, words: list[str], extra: str) -> None:
    with serving() as fake:
        variables = {"HELDOUT_SERVER": fake.url, "HELDOUT_TOKEN": TOKEN, "PYTHONPATH": str(HOME)}
        ran = subprocess.run(
            [sys.executable, "-c", RUN % WITHOUT, json.dumps([words])],
            cwd=tmp_path,
            env={**environment(tmp_path), **variables},
            capture_output=True,
            text=True,
        )
    assert ran.stdout == f"exit 1 {' '.join(words)}\n", ran.stderr
    assert "which is not installed" in ran.stderr
    assert ran.stderr.endswith(f"next: pip install 'heldout[{extra}]'\n")


def test_other_packages_are_nobodys_extra() -> None:
    assert lacking(ModuleNotFoundError("No module named 'x'", name="x")) is None


def test_every_package_that_is_imported_is_brought_by_something() -> None:
    """A new dependency belongs into an extra, and into the list that names it."""
    found = {
        name
        for folder in ("cluster", "commands", "desk", "grader", "leaderboard", "server")
        for name in imported(HOME / folder)
    }
    ours = {path.stem for path in HOME.iterdir()}
    assert found - ours - BASE - ELSEWHERE - set(WITHOUT) - set(sys.stdlib_module_names) == set()


def imported(folder: Path) -> set[str]:
    names: set[str] = set()
    for path in folder.rglob("*.py"):
        if "template" in path.relative_to(HOME).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names.add(node.module.partition(".")[0])
    return names


def test_the_base_alone_is_installed_and_runs(tmp_path: Path) -> None:
    """A wheel, in an environment with nothing but what the base needs."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv is None:
        pytest.skip("there is no uv")
    run(uv, "build", "--wheel", "--quiet", "--out-dir", tmp_path, HOME)
    [wheel] = tmp_path.glob("*.whl")
    run(uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv")
    python, heldout = tmp_path / "venv" / "bin" / "python", tmp_path / "venv" / "bin" / "heldout"
    run(uv, "pip", "install", "--quiet", "--python", python, "--constraint", HOME / "constraints.txt", wheel)
    listed = {
        one["name"] for one in json.loads(run(uv, "pip", "list", "--python", python, "--format", "json"))
    }
    heavy = {
        line.partition(">")[0].lower() for line in requires("heldout") or () if "extra ==" in line
    } - listed
    assert {"torch", "numpy", "sqlalchemy"} <= heavy
    assert not {"torch", "numpy", "sqlalchemy", "jinja2", "fastapi"} & listed
    with serving() as fake:
        variables = {**environment(tmp_path), "HELDOUT_SERVER": fake.url, "HELDOUT_TOKEN": TOKEN}
        assert "whoami" in run(heldout, "--help", env=variables)
        assert "Ada Lovelace (ada), student" in run(heldout, "whoami", env=variables)


def run(*words: object, env: dict[str, str] | None = None) -> str:
    """Its output. Skips where a package can't be had."""
    done = subprocess.run(list(map(str, words)), env=env, capture_output=True, text=True)
    if done.returncode and ("error sending request" in done.stderr or "no such host" in done.stderr.lower()):
        pytest.skip(f"no package index: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return done.stdout
