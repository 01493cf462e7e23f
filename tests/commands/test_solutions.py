"""The shipped solutions in a course: some of them graded, what they reached, as a table that nobody types."""

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from cli import heldout
from grader import catalogue, weights
from grader.course import Course, open_course
from grader.errors import HeldoutError
from leaderboard.reached import Reached, with_kept
from leaderboard.records import State
from leaderboard.render_solutions import page
from leaderboard.store import Store

pytestmark = pytest.mark.thorough


def typed(course: Course, *words: str) -> str:
    result = CliRunner().invoke(heldout, [*words, "--course", str(course.folder)], env={"COLUMNS": "100"})
    if isinstance(result.exception, HeldoutError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    where = tmp_path_factory.mktemp("course") / "c"
    begun = CliRunner().invoke(
        heldout, ["course", "init", str(where), "--assignment", "mnist1d", "--items", "100"]
    )
    assert begun.exit_code == 0, begun.output
    path = where / "course.toml"
    table = "[assignments.mnist1d]"
    path.write_text(path.read_text().replace(table, f"{table}\ntrain_cpu_seconds = 5.0"))
    made = open_course(where)
    typed(made, "baselines", "mnist1d/logistic")
    typed(made, "baselines", "mnist1d/gru", "--train")
    return made


def states(course: Course) -> dict[str, State]:
    with closing(Store.open(course.database)) as store:
        return {one.team: one.state for one in store.submissions("mnist1d")}


def test_only_those_that_are_named_are_graded(course: Course) -> None:
    assert states(course) == {"logistic (baseline)": State.SCORED, "gru (reference)": State.SCORED}
    assert "received already" in typed(course, "baselines", "mnist1d/logistic")


def test_what_they_reached_is_told(course: Course) -> None:
    rows = {row["solution"]: row for row in json.loads(typed(course, "solutions", "--format", "json"))}
    assert set(rows) == {one.name for one in catalogue.solutions("mnist1d")}
    assert 0 < rows["logistic"]["score"] < 1
    assert rows["logistic"]["trainedScore"] is None
    assert rows["gru"]["score"] is None
    assert 0 < rows["gru"]["cpuSeconds"] <= 5
    assert rows["gru"]["steps"] > 0
    assert rows["gru"]["parameters"] > 1000
    told = typed(course, "solutions", "mnist1d")
    assert f"{rows['logistic']['score']:.3f} ±" in told


def test_the_page_links_each_file(course: Course) -> None:
    page = typed(course, "solutions", "mnist1d", "mnist1d/mlp", "--format", "markdown")
    home = catalogue.HOME / "reference_solutions"
    links = [line.split("](")[1].split(")")[0] for line in page.splitlines() if line.startswith("| [")]
    assert len(links) == len(catalogue.solutions("mnist1d"))
    assert all((home / link).is_file() for link in links)


def test_what_was_never_judged_here_is_kept_from_before(course: Course, tmp_path: Path) -> None:
    """A course that judged some of them loses nothing of what another found of the rest."""
    kept, told = tmp_path / "judged.json", catalogue.HOME / "reference_solutions" / "judged.json"
    kept.write_bytes(told.read_bytes())
    before = {(row["assignment"], row["solution"]): row for row in json.loads(told.read_text())}
    typed(course, "solutions", "mnist1d", "--kept", str(kept))
    after = {(row["assignment"], row["solution"]): row for row in json.loads(kept.read_text())}
    assert after.keys() == before.keys()
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {("mnist1d", "logistic"), ("mnist1d", "gru")}
    gru = after["mnist1d", "gru"]
    assert gru["score"] == before["mnist1d", "gru"]["score"]
    assert gru["budgetSeconds"] == 5


def test_the_table_that_is_shipped_is_made_of_what_is_kept_beside_it() -> None:
    folder = catalogue.HOME / "reference_solutions"
    every = [one for slug in catalogue.slugs() for one in catalogue.solutions(slug)]
    never = [
        Reached(catalogue.find(one.slug), one.kind, one.name, weights.count(one.folder)) for one in every
    ]
    assert (folder / "README.md").read_text() == page(with_kept(never, folder / "judged.json"))


@pytest.mark.parametrize("text", ["{", "[1]", '[{"assignment": "vae"}]'])
def test_what_was_kept_and_cannot_be_read_stays(course: Course, tmp_path: Path, text: str) -> None:
    kept = tmp_path / "judged.json"
    kept.write_text(text)
    with pytest.raises(HeldoutError, match="can't be read"):
        typed(course, "solutions", "--kept", str(kept))
    assert kept.read_text() == text


@pytest.mark.parametrize("words", [["mnist1d/mlp", "--exemplars"], ["cnn/constant", "--train"]])
def test_nothing_to_grade_is_said(course: Course, words: list[str]) -> None:
    with pytest.raises(HeldoutError, match="none of these"):
        typed(course, "baselines", *words)


def test_exemplars_are_those_of_the_tiers(course: Course) -> None:
    typed(course, "pause")  # they are received, and not graded
    try:
        with pytest.raises(HeldoutError, match="are not judged yet"):
            typed(course, "baselines", "--exemplars")
    finally:
        typed(course, "resume")
    named = {Path(tier.exemplar).name for tier in catalogue.find("mnist1d").tiers}
    assert {team.split(" ")[0] for team in states(course)} == named | {"logistic", "gru"}


@pytest.mark.parametrize(
    ("name", "hint"), [("mnist1d/grue", "did you mean mnist1d/gru?"), ("mnist2d", "mnist1d")]
)
def test_a_solution_that_is_not_there(course: Course, name: str, hint: str) -> None:
    with pytest.raises(HeldoutError) as caught:
        typed(course, "baselines", name)
    assert hint in str(caught.value)


def test_one_that_fails_ends_with_an_error(course: Course) -> None:
    """A table of what was reached must not be made as if nothing had happened."""
    settings = course.folder / "course.toml"
    before = settings.read_text()
    settings.write_text(before.replace("train_cpu_seconds = 5.0", "check_seconds = 0.001"))
    try:
        with pytest.raises(HeldoutError, match="1 of the shipped solutions were not scored") as caught:
            typed(course, "baselines", "mnist1d/mlp")
    finally:
        settings.write_text(before)
    assert "mlp (baseline): failed" in caught.value.where


def test_parameters_are_the_values_of_all_arrays(tmp_path: Path) -> None:
    save_file({"a": np.zeros((3, 4), np.float16), "b": np.zeros(5, np.float32)}, tmp_path / "w.safetensors")
    np.savez(tmp_path / "w.npz", a=np.zeros((2, 2)), b=np.float32(1))
    np.save(tmp_path / "w.npy", np.zeros(7))
    (tmp_path / "model.py").write_text("")
    assert weights.count(tmp_path) == 12 + 5 + 4 + 1 + 7
