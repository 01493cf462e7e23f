"""`heldout reproduce` on a course with trainings: what comes out again, what doesn't, and what can't."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import heldout
from grader import catalogue, machine
from grader.course import Course, open_course
from grader.errors import HeldoutError
from leaderboard.records import Student
from leaderboard.store import Store

pytestmark = pytest.mark.thorough

BY_LOT = "torch.manual_seed(seed)"
TABLE = "[assignments.mnist1d]"
STARTER = catalogue.find("mnist1d").folder / "starter"


def typed(course: Course, *words: object) -> Result:
    arguments = [*map(str, words), "--course", str(course.folder)]
    result = CliRunner().invoke(heldout, arguments, env={"COLUMNS": "100", "NO_COLOR": "1"})
    if isinstance(result.exception, HeldoutError):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """#1 trains by its seed, and as its budget has it; #2 by lot; #3 is a model."""
    where = tmp_path_factory.mktemp("course") / "c"
    begun = CliRunner().invoke(heldout, ["course", "init", str(where), "--assignment", "mnist1d"])
    assert begun.exit_code == 0, begun.output
    config = (where / "course.toml").read_text()
    few = config.replace(TABLE, f"{TABLE}\ntrain_cpu_seconds = 3.0\ntrainings = 2")
    (where / "course.toml").write_text(few)
    made = open_course(where)
    code = (STARTER / "train.py").read_text()
    assert BY_LOT in code, "or the second one trains by its seed, too"
    folder = tmp_path_factory.mktemp("lot")
    (folder / "model.py").write_text((STARTER / "model.py").read_text())
    (folder / "train.py").write_text(code.replace(BY_LOT, "torch.seed()"))
    with Store.open(made.database) as store:
        store.import_roster([Student(name, f"{name}@x.org", name, name) for name in ("ada", "bob")])
    for team, where in (("ada", STARTER), ("bob", folder)):
        assert (
            typed(made, "submit", "mnist1d", "--train", "-f", where, "--team", team, "-m", "x").exit_code == 0
        )
    model = catalogue.HOME / "baselines/mnist1d/logistic"
    assert typed(made, "submit", "mnist1d", "-f", model, "--team", "ada", "-m", "x").exit_code == 0
    graded = typed(made, "grade", "--jobs", 2)
    assert "Graded 3." in graded.stdout, graded.output
    return made


def badges(course: Course, *words: str) -> dict[str, list[str]]:
    rows = json.loads(typed(course, "leaderboard", "mnist1d", *words, "--format", "json").stdout)
    return {row["team"]: row["badges"] for row in rows}


def test_a_training_by_its_seed_comes_out_again_bit_for_bit(course: Course) -> None:
    """Both of its trainings, though they anneal by the budget and were stopped by it."""
    result = typed(course, "reproduce", 1)
    assert result.exit_code == 0, result.output
    assert "The same came out, bit for bit." in result.stdout
    for what in ("training 1, steps", "training 2, checkpoint", "accuracy, private", "accuracy of each item"):
        assert re.search(rf"= +{what} ", result.stdout), result.stdout
    assert "bit for bit" in typed(course, "show", 1).stdout
    assert "not deterministic" not in badges(course, "--train")["ada"]


def test_one_by_lot_has_a_badge_that_says_so(course: Course) -> None:
    result = typed(course, "reproduce", 2)
    assert result.exit_code == 1
    assert re.search("= +training 1, steps ", result.stdout), "as many steps, for the budget is the same"
    assert re.search("≠ +training 1, checkpoint ", result.stdout)
    assert "it is not deterministic" in result.stdout
    assert "not deterministic" in badges(course, "--train")["bob"]
    events = json.loads(typed(course, "audit", "--format", "json").stdout)
    assert ("reproduced", "#2") in [(event["action"], event["subject"]) for event in events]


def test_a_model_is_judged_again(course: Course) -> None:
    rows = json.loads(typed(course, "reproduce", 3, "--format", "json").stdout)
    assert all(row["same"] for row in rows)
    assert {row["compared"] for row in rows} >= {"verdict", "accuracy, public", "accuracy of each item"}


def test_another_machine_proves_nothing(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "kind", lambda **_: "s390x of the museum")
    before = badges(course)
    result = typed(course, "reproduce", 3)
    assert "Another kind of machine: nothing is promised, nothing was noted." in result.stdout
    assert "now:  s390x of the museum" in result.stdout
    assert badges(course) == before


def test_the_board_shows_the_spread_of_the_seeds(course: Course) -> None:
    shown = typed(course, "leaderboard", "mnist1d", "--train").stdout
    assert re.search(r"seeds +tier", shown), shown
    assert "Scores from several trainings are their mean" in shown
    told = " ".join(typed(course, "show", 1).stdout.split())
    assert re.search(r"training 2 of 2 .*CPU-seconds", told), told
    assert not re.search(r"training 2 of 2 .*accuracy .*used", told), "it would tell more than the board"


@pytest.mark.parametrize(("ref", "complaint"), [(99, "there is no submission #99"), (4, "has no score")])
def test_what_can_not_be_repeated(course: Course, ref: int, complaint: str) -> None:
    if ref == 4:
        model = Path(catalogue.find("mnist1d").folder / "sanity" / "crash")
        assert typed(course, "submit", "mnist1d", "-f", model, "--team", "bob", "-m", "x").exit_code == 0
    with pytest.raises(HeldoutError, match=complaint):
        typed(course, "reproduce", ref)
