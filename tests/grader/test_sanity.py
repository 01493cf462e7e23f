"""The grader against wrong answers: every case of every assignment's suite is graded for real."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from grader import catalogue, sanity
from grader.errors import HeldoutError, Reason
from grader.grade import grade
from grader.prepared import Data
from grader.report import Estimate, Failure, Report, Verdict
from grader.sandbox import Sandbox
from grader.sanity import RUN_SEED, Case, Expected
from grader.spec import MB, Assignment, Metric, Tier

MODEL = """
class Model:
    def denoise(self, noisy):
        return noisy

def load(folder, device):
    return Model()
"""


CASES = [(slug, case) for slug in catalogue.slugs() for case in sanity.cases(catalogue.find(slug))]


@pytest.mark.thorough
@pytest.mark.parametrize(("slug", "case"), CASES, ids=[f"{slug}-{case.name}" for slug, case in CASES])
def test_case(slug: str, case: Case, small: Callable[[str], Data], sandbox: Sandbox) -> None:
    outcome = sanity.run(case, catalogue.find(slug), small(slug), sandbox=sandbox)
    assert not outcome.complaints


def all_cases(assignment: Assignment) -> list[Case]:
    return [*sanity.shipped(assignment), *sanity.cases(assignment)]


@pytest.mark.parametrize("slug", catalogue.slugs())
def test_every_assignment_has_the_cases_that_any_can_have(slug: str) -> None:
    names = {case.name.split()[0] for case in sanity.cases(catalogue.find(slug))}
    assert names >= {
        "constant",
        "crash",
        "hidden_state",
        "honest",
        "nan",
        "permuted",
        "random",
        "sleep",
        "train_mode_batch_norm",
        "wrong_shape",
    }


@pytest.mark.parametrize("slug", catalogue.slugs())
def test_the_statement_tells_tiers_limits_and_budget_as_they_are(slug: str) -> None:
    assert not sanity.statement_complaints(catalogue.find(slug))


@pytest.mark.parametrize("name", sanity.FIGURES)
def test_a_figure_that_the_statement_tells_otherwise_is_named(name: str, denoising: Assignment) -> None:
    part, figure = name.split(".")
    changed = replace(getattr(denoising, part), **{figure: 77})
    [complaint] = sanity.statement_complaints(replace(denoising, **{part: changed}))
    assert complaint.startswith("README.md tells '")
    assert complaint.endswith(f"{name} is 77")


def test_a_figure_that_the_statement_does_not_tell_is_named(denoising: Assignment, tmp_path: Path) -> None:
    statement = (denoising.folder / "README.md").read_text(encoding="utf-8")
    cut = statement.replace("2 GiB of memory", "much memory")
    (tmp_path / "README.md").write_text(cut, encoding="utf-8")
    [complaint] = sanity.statement_complaints(replace(denoising, folder=tmp_path))
    assert complaint == "README.md does not tell limits.memory_bytes, 2,147,483,648, as '… of memory'"


@pytest.mark.parametrize("name", ["raises_on_heldout", "wrong_shape_on_heldout"])
def test_nothing_a_student_chose_comes_out_of_heldout_runs(
    name: str, denoising: Assignment, denoising_data: Data, sandbox: Sandbox
) -> None:
    [case] = [case for case in sanity.cases(denoising) if case.name == name]
    report = sanity.run(case, denoising, denoising_data, sandbox=sandbox).report
    assert report.failure is not None
    told = report.failure.message + report.log
    assert "pixel" not in told
    assert "13" not in told
    assert "Traceback" not in told


# ---------------------------------------------------------------- the table of all


def test_the_table_of_cheats_has_these_cases_and_their_verdicts() -> None:
    """Whoever adds or changes a case writes the table anew."""
    text = (catalogue.HOME / "docs" / "cheats.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line[:1] == "|"]
    head, _, *rows = rows
    assert head == ["case", *catalogue.slugs()]
    for place, slug in enumerate(catalogue.slugs(), 1):
        assignment = catalogue.find(slug)
        told = {row[0]: row[place] for row in rows if row[place]}
        stated = {case.name: case.expected for case in all_cases(assignment)}
        assert set(told) == set(stated)
        for name, cell in told.items():
            assert "not as expected" not in cell
            if stated[name].verdict is Verdict.FAILED:
                assert cell == f"failed: {stated[name].reason}", name
            elif assignment.metric.name in stated[name].scores:
                low, high = stated[name].scores[assignment.metric.name]
                rounded = 0.5 / 10**assignment.metric.digits
                if not assignment.divisible:  # a whole set's score is told to the nearest half-width
                    rounded += float(cell.split()[2]) / 2
                assert low - rounded <= float(cell.split()[0]) <= high + rounded, name


@pytest.mark.parametrize("slug", catalogue.slugs())
def test_the_scores_of_all_that_is_shipped_are_stated(slug: str) -> None:
    assignment = catalogue.find(slug)
    assert all(assignment.metric.name in case.expected.scores for case in sanity.shipped(assignment))


def test_scores_of_what_is_not_shipped_are_refused(denoising: Assignment, tmp_path: Path) -> None:
    folder = tmp_path / "assignments" / "denoising"
    (folder / "sanity").mkdir(parents=True)
    (folder / "sanity" / "shipped.toml").write_text('["baselines/denoising/viener"]\npsnr = [17, 18]\n')
    with pytest.raises(HeldoutError, match="viener"):
        sanity.shipped(replace(denoising, folder=folder))


# ---------------------------------------------------------------- what the suite itself finds wrong


def test_limits_of_a_case_keep_their_types() -> None:
    limits = Expected(limits={"processes": 8, "check_seconds": 2.5}).limits
    assert [type(value) for value in limits.values()] == [int, float]


SCORED = Report(Verdict.SCORED, 7, public={"psnr": Estimate(9.0, 0.1)})
FAILED = Report(Verdict.FAILED, 7, failure=Failure(Reason.NOT_FINITE, "denoise returned NaN"))


@pytest.mark.parametrize(
    ("expected", "report", "complaint"),
    [
        (Expected(), FAILED, "failed where scored was expected"),
        (Expected(verdict=Verdict.FAILED, reason=Reason.RAISED), FAILED, "not as raised"),
        (Expected(verdict=Verdict.FAILED, reason=Reason.NOT_FINITE, says=("oh",)), FAILED, "lacks"),
        (Expected(scores={"psnr": (10, 20)}), SCORED, "psnr is 9; expected 10 to 20"),
    ],
)
def test_what_differs_from_the_expected_is_told(expected: Expected, report: Report, complaint: str) -> None:
    assert any(complaint in found for found in sanity.complaints(expected, report))


# Correct are 77.7 % of 256 items, 76.6 % of the 64 public ones: as a weighted sum of pixels has it in `cnn`.
RIGHT = np.concatenate([np.arange(64) < 49, np.arange(192) < 150]).astype(np.float32)
EASY, HARD = Tier("baseline", 0.75, "sum"), Tier("reference", 0.87, "network")


@pytest.mark.parametrize(
    ("tiers", "missed"),
    [
        ((EASY, HARD), []),
        ((EASY, replace(HARD, exemplar="sum")), ["reference"]),
        ((replace(EASY, score=0.8), HARD), []),  # by the luck of the items
        ((replace(EASY, score=0.9), HARD), ["baseline"]),
        ((replace(EASY, score=0.78), replace(HARD, score=0.79, exemplar="sum")), ["reference"]),
    ],
    ids=["reached", "another's", "within the interval", "out of it", "not the easier one either"],
)
def test_an_exemplar_below_its_tier_is_told(
    tiers: tuple[Tier, ...], missed: list[str], denoising: Assignment
) -> None:
    metric = Metric("accuracy", "", higher_is_better=True)
    assignment = replace(denoising, metrics=(metric,), tiers=tiers)
    report = Report(
        Verdict.SCORED, RUN_SEED, public={"accuracy": Estimate(0.766, 0.109)}, items={"accuracy": RIGHT}
    )
    complaints = list(sanity.tier_complaints(Case("sum", Path(), Expected()), assignment, report))
    assert [complaint.split(" is not the tier ")[1].split(",")[0] for complaint in complaints] == missed


@pytest.mark.parametrize(("exemplar", "misses"), [("dcgan_r1", False), ("dcgan", True)])
def test_a_score_without_items_counts_as_it_is(exemplar: str, misses: bool, denoising: Assignment) -> None:
    kid = {"dcgan_r1": Estimate(-0.009, 0.05), "dcgan": Estimate(0.084, 0.066)}[exemplar]
    tiers = (Tier("pass", 0.08, "another"), Tier("reference", 0.02, exemplar))
    metric = Metric("kid", "", higher_is_better=False)
    assignment = replace(denoising, metrics=(metric,), tiers=tiers)
    report = Report(Verdict.SCORED, RUN_SEED, public={"kid": kid})
    assert bool([*sanity.tier_complaints(Case(exemplar, Path(), Expected()), assignment, report)]) == misses


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("verdict = 'scoerd'", "scored"),
        ("verdict = ", "Invalid value"),
        ("about = 'x'\nmood = 'bad'", "mood"),
        ("about = 'x'\n[limits]\nmemory = 3", "no limits memory"),
        ("[[variants]]\nname = 'x'", "parameters"),
        (None, "No such file"),
    ],
)
def test_a_case_that_says_nothing_sensible(
    text: str | None, words: str, denoising: Assignment, tmp_path: Path
) -> None:
    (tmp_path / "sanity" / "odd").mkdir(parents=True)
    if text is not None:
        (tmp_path / "sanity" / "odd" / "expected.toml").write_text(text)
    with pytest.raises(HeldoutError, match="odd") as caught:
        sanity.cases(replace(denoising, folder=tmp_path))
    assert words in str(caught.value)


# ---------------------------------------------------------------- archives no honest client makes


def zipped(fill: Callable[[zipfile.ZipFile], None]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("model.py", MODEL)
        fill(bundle)
    return buffer.getvalue()


def slip(bundle: zipfile.ZipFile) -> None:
    bundle.writestr("../../outside.py", "")


def absolute(bundle: zipfile.ZipFile) -> None:
    bundle.writestr("/etc/outside.py", "")


def link(bundle: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("weights.bin")
    info.external_attr = 0o120777 << 16
    bundle.writestr(info, "/etc/passwd")


def bomb(bundle: zipfile.ZipFile) -> None:
    bundle.writestr("zeros.bin", bytes(400 * MB))


def crowd(bundle: zipfile.ZipFile) -> None:
    for number in range(3_000):
        bundle.writestr(f"{number}.txt", "")


def no_model() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("solution/model.py", MODEL)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("archive", "reason", "says"),
    [
        (b"not a zip", "bad_archive", "zip"),
        (zipped(lambda bundle: None)[:-30], "bad_archive", "zip"),
        (zipped(slip), "bad_archive", "outside.py"),
        (zipped(absolute), "bad_archive", "outside.py"),
        (zipped(link), "bad_archive", "weights.bin"),
        (zipped(bomb), "bad_archive", "MiB"),
        (zipped(crowd), "bad_archive", "3001 members"),
        (no_model(), "no_model", "model.py"),
    ],
    ids=["not a zip", "cut short", "zip slip", "absolute", "link", "bomb", "crowd", "no model.py"],
)
def test_bad_archives(
    archive: bytes, reason: str, says: str, denoising: Assignment, denoising_data: Data, sandbox: Sandbox
) -> None:
    report = grade(denoising, archive, denoising_data, sandbox=sandbox, run_seed=RUN_SEED)
    assert report.verdict is Verdict.FAILED
    assert report.failure is not None
    assert report.failure.reason == reason
    assert says in report.failure.message


def test_our_own_faults_are_never_the_students(
    denoising: Assignment, denoising_data: Data, sandbox: Sandbox
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug of ours")

    assignment = replace(denoising, evaluate=broken)  # type: ignore[arg-type]
    report: Report = grade(
        assignment, zipped(lambda bundle: None), denoising_data, sandbox=sandbox, run_seed=RUN_SEED
    )
    assert report.verdict is Verdict.GRADER_ERROR
    assert report.failure is None
    assert "a bug of ours" in report.log
