"""A new assignment, as its author meets it: it passes its checks as it is, and each mistake is named."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from cli import heldout
from grader import catalogue, sanity, scaffold
from grader.catalogue import HOME
from grader.errors import HeldoutError
from grader.prepared import Data, draw
from tests.assignments.in_process import scores, submission
from tests.grader.notebook.course import dumped, place, solution, teachers

SLUG = "pure-tones"


def run(*words: object) -> Result:
    return CliRunner().invoke(heldout, ["assignment", *map(str, words)], env={"COLUMNS": "200"})


def told(result: Result) -> str:
    """The error's four parts, which `cli.main` prints."""
    assert result.exit_code == 1
    assert isinstance(result.exception, HeldoutError), result.output
    return str(result.exception)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the template's assignment as it is."""
    home = tmp_path_factory.mktemp("authors") / "home"
    made = run("new", SLUG, "--home", home, "--title", 'Hear "it" \\ the_slug')
    assert made.exit_code == 0, made.output
    assert f"heldout assignment check {SLUG} --home {home}" in made.output
    return home


@pytest.fixture
def home(fresh: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(fresh, tmp_path / "home"))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


# ---------------------------------------------------------------- a new one


@pytest.mark.thorough
def test_a_new_assignment_passes_its_checks_as_it_is(fresh: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli", "assignment", "check", SLUG, "--home", str(fresh)]
    checked = subprocess.run(
        [*command, "--format", "json", "--write", str(tmp_path / "table.md")],
        capture_output=True,
        text=True,
        cwd=HOME,
        env={**os.environ, "PYTHONPATH": str(HOME)},
        timeout=300,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    rows = json.loads(checked.stdout)
    verdicts = {row["case"]: row["reason"] or row["verdict"] for row in rows}
    assert verdicts == {
        "starter": "scored",
        f"baselines/{SLUG}/constant": "scored",
        f"reference_solutions/{SLUG}/periodogram": "scored",
        "constant": "scored",
        "crash": "crashed",
        "hidden_state": "not_a_function",
        "honest": "scored",
        "nan": "not_finite",
        "permuted": "not_a_function",
        "random": "not_a_function",
        "sleep": "timeout",
        "train_mode_batch_norm": "not_a_function",
        "wrong_shape": "wrong_shape",
    }
    assert not any(row["complaints"] for row in rows)
    table = (tmp_path / "table.md").read_text(encoding="utf-8").splitlines()
    at = table.index(f"| case | {SLUG} |")
    assert table[at + 1] == "|---|---|"
    assert "| nan | failed: not_finite |" in table
    assert len(table) == at + 2 + len(rows)


def test_it_has_the_cases_that_all_assignments_have(fresh: Path) -> None:
    suites = [{case.name for case in sanity.cases(catalogue.find(slug))} for slug in catalogue.slugs()]
    names = {case.name for case in sanity.cases(catalogue.find(SLUG, fresh))}
    assert names == set.intersection(*suites)


def test_slug_and_title_are_everywhere_and_nothing_else_is_left(fresh: Path) -> None:
    title = 'Hear "it" \\ the_slug'
    assignment = catalogue.find(SLUG, fresh)
    assert (assignment.slug, assignment.title) == (SLUG, title)
    assert (assignment.folder / "README.md").read_text(encoding="utf-8").startswith(f"# {title}\n")
    assert {path.name for path in fresh.iterdir()} == set(scaffold.PARTS)
    files = [path for path in fresh.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    kept = [path for path in scaffold.TEMPLATE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert len(files) == len(kept)
    for path in files:
        text = path.read_text(encoding="utf-8").replace(title, "").replace(json.dumps(title), "")
        assert not re.search(f"{scaffold.SLUG}|{scaffold.TITLE}", text), path


def test_a_title_is_the_slug_in_words_unless_said(tmp_path: Path) -> None:
    scaffold.create("two-pure-tones", tmp_path / "a" / "b")
    assert catalogue.find("two-pure-tones", tmp_path / "a" / "b").title == "Two pure tones"


def test_the_template_is_no_assignment_of_ours() -> None:
    assert scaffold.SLUG not in catalogue.slugs()
    assert not catalogue.solutions(scaffold.SLUG)


def test_two_homes_may_have_assignments_of_one_name(fresh: Path, home: Path) -> None:
    change(home / "assignments" / SLUG / "assignment.py", "6.2", "6.5")
    assert catalogue.find(SLUG, fresh).tiers[0].score == 6.2
    assert catalogue.find(SLUG, home).tiers[0].score == 6.5


@pytest.fixture(scope="module")
def data(fresh: Path) -> Data:
    prepared = draw(catalogue.find(SLUG, fresh), 1)
    return Data(prepared.public, prepared.heldout, "")


@pytest.mark.parametrize(
    ("name", "score", "half_width"),
    [
        (f"baselines/{SLUG}/constant", 5.989, 0.066),
        (f"reference_solutions/{SLUG}/periodogram", 0.0405, 0.0006),
        (f"assignments/{SLUG}/sanity/honest", 0.252, 0.003),
    ],
)
def test_the_statements_scores_are_measured(
    name: str, score: float, half_width: float, fresh: Path, data: Data
) -> None:
    """On other data than theirs, since these follow from the slug as well."""
    measured = scores(catalogue.find(SLUG, fresh), data, submission(fresh / name))["mae"]
    assert measured.mean() == pytest.approx(score, abs=2 * half_width)


def test_the_data_follow_from_the_seed_alone(fresh: Path, data: Data) -> None:
    again, other = (draw(catalogue.find(SLUG, fresh), seed, size=256) for seed in (1, 2))
    assert np.array_equal(again.public["signals"], data.public["signals"])
    assert not np.array_equal(again.heldout["signals"], other.heldout["signals"])
    assert again.heldout["public"].sum() == 64


# ---------------------------------------------------------------- names that won't do


@pytest.mark.parametrize(
    ("slug", "proposed"),
    [
        ("My_Task", "my-task"),
        ("two words", "two-words"),
        ("../outside", "outside"),
        ("a--b", "a-b"),
        ("a-", "a"),
        ("9lives", "task-9lives"),
        ("class", "task-class"),
        ("ö", "task"),
        ("", "task"),
        ("a" * 41, "a" * 40),
    ],
)
def test_a_bad_slug_is_refused_with_a_better_one(slug: str, proposed: str, tmp_path: Path) -> None:
    message = told(run("new", slug, "--home", tmp_path / "home"))
    assert repr(slug) in message
    assert "expected: lower-case letters" in message
    assert message.endswith(f"next: heldout assignment new {proposed}")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("title", ["", "two\nlines", "\x1b[31mred"])
def test_a_bad_title_is_refused(title: str, tmp_path: Path) -> None:
    assert "can't be an assignment's title" in told(
        run("new", SLUG, "--home", tmp_path / "home", "--title", title)
    )
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("part", scaffold.PARTS)
def test_nothing_is_overwritten(part: str, tmp_path: Path) -> None:
    (tmp_path / part / SLUG).mkdir(parents=True)
    message = told(run("new", SLUG, "--home", tmp_path))
    assert f"where: {tmp_path / part / SLUG}" in message
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*")] == [Path(part), Path(part, SLUG)]


def test_a_name_of_ours_is_taken_everywhere(tmp_path: Path) -> None:
    assert str(HOME / "assignments/denoising") in told(run("new", "denoising", "--home", tmp_path))


def test_what_goes_wrong_halfway_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "assignments").write_text("a file where a folder should be")
    result = run("new", SLUG, "--home", tmp_path)
    assert isinstance(result.exception, OSError)
    assert not [path for path in tmp_path.rglob("*") if SLUG in path.name or path.name.startswith(".new-")]


# ---------------------------------------------------------------- what its author gets wrong


def test_wrong_expectations_and_missed_tiers_are_named(home: Path) -> None:
    """Both at once, by names that begin alike: a sandbox takes seconds to start."""
    folder = home / "assignments" / SLUG
    case = (folder / "sanity" / "nan").rename(folder / "sanity" / "reference_nan")
    change(case / "expected.toml", "not_finite", "raised")
    change(folder / "assignment.py", "0.05", "0.005")
    change(folder / "README.md", "| 0.05 |", "| 0.005 |")
    result = run("check", SLUG, "--home", home, "--only", "reference")
    assert result.exit_code == 1
    printed = " ".join(result.stdout.split())
    assert "reference_nan: failed as not_finite, not as raised" in printed
    assert re.search(rf"/{SLUG}/periodogram: 0\.0\d+ ± 0\.0\d+ is not the tier reference, 0\.005", printed)


def spoil_statement(folder: Path) -> None:
    change(folder / "README.md", "| reference | 0.05 |", "| reference | 0.04 |")


def spoil_budget(folder: Path) -> None:
    change(
        folder / "assignment.py",
        "    prepare=prepare,",
        "    budget=Budget(cpu_seconds=60),\n    prepare=prepare,",
    )
    change(folder / "assignment.py", "import Assignment,", "import Assignment, Budget,")


def spoil_order(folder: Path) -> None:
    change(folder / "assignment.py", "6.2", "0.01")


def spoil_exemplar(folder: Path) -> None:
    change(folder / "assignment.py", "constant", "constand")


def add_train_tiers(folder: Path, *tiers: str) -> None:
    change(folder / "assignment.py", "    items=", f"    train_tiers=({', '.join(tiers)},),\n    items=")


def spoil_train_statement(folder: Path) -> None:
    """The line that tells of the other board's tier does not tell of this one's."""
    add_train_tiers(folder, f'Tier("reference", 0.05, "reference_solutions/{SLUG}/periodogram")')


def spoil_train_order(folder: Path) -> None:
    add_train_tiers(folder, *(f'Tier("{name}", 0.1, "")' for name in ("pass", "reference")))


def spoil_train_exemplar(folder: Path) -> None:
    add_train_tiers(folder, f'Tier("baseline", 6.2, "baselines/{SLUG}/constant")')  # it has no train.py


def spoil_folder(folder: Path) -> None:
    (folder / "starter" / "train.py").unlink()


def spoil_case(folder: Path) -> None:
    (folder / "sanity" / "sleep" / "expected.toml").unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (spoil_statement, "README.md has no line '| reference | 0.05 |"),
        (spoil_budget, "README.md tells 'It may use 120 CPU-seconds'; budget.cpu_seconds is 60"),
        (spoil_order, f"the tiers of {SLUG} are in the wrong order: 0.01, 0.05"),
        (spoil_exemplar, f"the tier baseline of {SLUG} names an exemplar that is not there"),
        (spoil_train_statement, "README.md has no line '| reference | 0.05 |"),
        (spoil_train_order, f"the train tiers of {SLUG} are in the wrong order: 0.1, 0.1"),
        (spoil_train_exemplar, f"the train tier baseline of {SLUG} names an exemplar that is not there"),
        (spoil_folder, "the assignment lacks starter/train.py"),
        (spoil_case, "the case sleep does not say what is expected of it"),
    ],
)
def test_what_is_missing_or_wrong_is_named(spoil: Callable[[Path], None], says: str, home: Path) -> None:
    folder = home / "assignments" / SLUG
    spoil(folder)
    message = told(run("check", SLUG, "--home", home))
    assert message.startswith(says)
    assert str(folder) in message
    assert "next: " in message


def test_where_nothing_is_there_is_nothing_to_check(fresh: Path, tmp_path: Path) -> None:
    assert f"next: make one: heldout assignment new SLUG --home {tmp_path}" in told(
        run("check", "--home", tmp_path)
    )
    assert f"expected: one of: {SLUG}" in told(run("check", "pure-tone", "--home", fresh))
    assert "no case begins with 'sleeep'" in told(run("check", "--home", fresh, "--only", "sleeep"))


def test_a_rubric_that_does_not_add_up_is_named(home: Path) -> None:
    raw = teachers()
    raw["cells"][place(raw, "why")]["source"] = solution("So.\n\nRubric:\n- [4.5] says why")
    notebook = home / "assignments" / SLUG / "notebook.ipynb"
    notebook.write_bytes(dumped(raw))
    said = told(run("check", SLUG, "--home", home))
    assert "have 4.5 points together, the cell has 5" in said
    assert f"{notebook}: why" in said
