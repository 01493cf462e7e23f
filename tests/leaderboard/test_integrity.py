"""The integrity report finds what is alike, spares what was handed out, and never says what happened."""

import itertools
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from grader.report import Estimate
from grader.spec import Assignment, Metric
from leaderboard.integrity.agreement import error_consistency, profile_correlation, right_or_wrong
from leaderboard.integrity.contents import Contents, of_files
from leaderboard.integrity.evidence import Evidence, Steadiness
from leaderboard.integrity.examine import examine
from leaderboard.integrity.findings import Findings, Sign
from leaderboard.records import Showing, TeamKind
from tests.leaderboard.cases import PNG, assignment
from tests.leaderboard.conftest import START

ACCURACY = Metric("accuracy", "", higher_is_better=True, digits=3)
NLL = Metric("nll", "nats", higher_is_better=False, digits=3)
PSNR = Metric("psnr", "dB", higher_is_better=True)
ITEMS = Path(__file__).with_name("profiles.npz")  # scores of shipped solutions on 1,000 items of a course
STARTER = "import torch\n\n\ndef load(folder, device):\n    return torch.load(folder / 'weights.pt')\n"
OWN = STARTER + "\n" + "\n".join(f"def layer_{i}(x):\n    return x * {i} + {i + 1}\n" for i in range(9))
RENAMED = OWN.replace("layer_", "step_").replace("x", "image").replace("eimage", "ex") + "# mine\n"

Items = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Items]]:
    """Real per-item scores of shipped solutions: "denoising/psnr" → by solution."""
    found: dict[str, dict[str, Items]] = {}
    with np.load(ITEMS) as arrays:
        for name in arrays:
            slug, solution, metric = name.split("/")
            found.setdefault(f"{slug}/{metric}", {})[solution] = arrays[name]
    return found


def entry(ref: int, *, team: str = "", files: dict[str, str] | None = None, **changed: object) -> Evidence:
    archive = {name: text.encode() for name, text in (files or {}).items()}
    known = Evidence(
        ref, team or f"Team {ref}", TeamKind.STUDENT, START + timedelta(hours=ref), f"{ref:064d}"
    )
    return replace(known, contents=of_files(archive), **changed)  # type: ignore[arg-type]


def with_items(ref: int, **items: Items) -> Evidence:
    return entry(ref, items=items, public={name: Estimate(float(x.mean()), 0) for name, x in items.items()})


def signs(found: Findings) -> dict[tuple[int, int], list[Sign]]:
    return {(pair.first.ref, pair.second.ref): list(pair.signs) for pair in found.pairs}


def classifier() -> Assignment:
    return assignment(ACCURACY, NLL)


# ---------------------------------------------------------------- agreement


def test_kappa_by_products_of_matrices_is_kappa_pair_by_pair() -> None:
    rng = np.random.default_rng(0)
    correct = rng.random((7, 40)) < rng.uniform(0.1, 0.9, (7, 1))
    correct[6] = True
    found = error_consistency(correct)
    for i, j in itertools.product(range(7), repeat=2):
        observed = sum(a == b for a, b in zip(correct[i], correct[j], strict=True)) / 40
        p, q = correct[i].sum() / 40, correct[j].sum() / 40
        chance = p * q + (1 - p) * (1 - q)
        expected = (observed - chance) / (1 - chance) if chance < 1 else 0
        assert found[i, j] == pytest.approx(expected, abs=1e-6), (i, j)


def test_profiles_correlate_as_residuals_of_a_regression_on_the_items_mean_do() -> None:
    rng = np.random.default_rng(1)
    items = rng.normal(size=(5, 200)) + 3 * rng.normal(size=200)
    mean, found = items.mean(axis=0), profile_correlation(items)
    for i, j in itertools.combinations(range(5), 2):
        left, right = (items[k] - np.polyval(np.polyfit(mean, items[k], 1), mean) for k in (i, j))
        assert found[i, j] == pytest.approx(np.corrcoef(left, right)[0, 1], abs=1e-9)


def test_scores_that_tell_more_than_right_or_wrong_are_told_from_those_that_do_not() -> None:
    assert right_or_wrong(np.array([[1, 0, 0.5, 1 / 3]], np.float32)) is not None
    assert right_or_wrong(np.array([[0.2, 0.3, 1.0]], np.float32)) is None
    assert right_or_wrong(np.array([[19.1, 20.0]], np.float32)) is None


def test_no_honest_pair_of_real_solutions_is_shown(measured: dict[str, dict[str, Items]]) -> None:
    for name, solutions in measured.items():
        metric = replace(PSNR, name=name)
        board = [with_items(number, **{name: items}) for number, items in enumerate(solutions.values())]
        found = examine(board, assignment(metric))
        assert found.measures, name
        assert not found.pairs, (name, signs(found))


@pytest.mark.parametrize("name", ["denoising/psnr", "vae/elbo", "rnn/bits", "cnn/nll", "mnist1d/nll"])
def test_a_disguised_copy_of_real_scores_is_shown(measured: dict[str, dict[str, Items]], name: str) -> None:
    items = list(measured[name].values())
    profile = items[-1] - np.mean(items, axis=0)
    noise = 0.1 * profile.std() * np.random.default_rng(0).normal(size=len(profile))
    board = [with_items(number, **{name: each}) for number, each in enumerate(items)]
    board.append(with_items(99, **{name: (items[-1] + noise).astype(np.float32)}))
    found = examine(board, assignment(replace(PSNR, name=name)))
    assert signs(found) == {(len(items) - 1, 99): [Sign.PROFILE]}


def test_the_same_mistakes_are_shown_and_usual_ones_are_not(measured: dict[str, dict[str, Items]]) -> None:
    correct = measured["cnn/accuracy"]["cnn"]
    rng = np.random.default_rng(0)
    copy = np.where(rng.random(1000) < 0.02, 1 - correct, correct).astype(np.float32)
    honest = np.where(rng.random(1000) < 0.08, 1 - correct, correct).astype(np.float32)
    board = [with_items(number, accuracy=each) for number, each in enumerate((correct, copy, honest))]
    found = examine(board, classifier())
    assert signs(found) == {(0, 1): [Sign.ERRORS]}
    [reading] = found.pairs[0].readings
    assert reading.value > reading.bar == pytest.approx(0.83)


def test_few_items_raise_the_bar(measured: dict[str, dict[str, Items]]) -> None:
    correct = measured["cnn/accuracy"]["cnn"][:128]
    copy = correct.copy()
    copy[:2] = 1 - copy[:2]
    found = examine([with_items(1, accuracy=correct), with_items(2, accuracy=copy)], classifier())
    assert found.measures[0].bar > 0.95
    assert not found.pairs


def test_a_board_of_unlike_models_lowers_the_bar() -> None:
    """As on a board of VAEs: noise is drawn in each judging, and a copy has r = .71."""
    rng = np.random.default_rng(0)
    hard, own = rng.normal(size=1000), rng.normal(size=(12, 1000))
    drawn = [hard + 0.84 * own[k % 12] + 0.54 * rng.normal(size=1000) for k in range(13)]
    board = [with_items(ref, psnr=items.astype(np.float32)) for ref, items in enumerate(drawn)]
    found = examine(board, assignment(PSNR), repeatable=False)
    assert signs(found) == {(0, 12): [Sign.PROFILE]}
    assert found.pairs[0].readings[0].sigmas > 6  # type: ignore[operator]
    assert any("drawn anew" in note for note in found.notes)


def test_three_hundred_teams_take_seconds() -> None:
    rng = np.random.default_rng(0)
    nll = rng.gamma(1, 1, (300, 10_000)).astype(np.float32)
    board = [
        replace(
            entry(ref, files={"model.py": OWN + f"y = {ref}\n"}), items={"accuracy": (x > 1) * 1.0, "nll": x}
        )
        for ref, x in enumerate(nll)
    ]
    board.append(replace(board[17], ref=300, team="Other"))
    start = time.perf_counter()
    found = examine(board, classifier())
    assert time.perf_counter() - start < 60  # two here; a busy machine takes longer
    assert found.compared == 301 * 300 // 2
    assert list(signs(found)) == [(17, 300)]


# ---------------------------------------------------------------- outputs


def test_outputs_equal_up_to_rounding_are_shown_with_how_many_items() -> None:
    nll = np.random.default_rng(0).gamma(1, 1, 500).astype(np.float32)
    again = nll * np.float32(1 + 1e-7)
    other = nll.copy()
    other[3] += 0.01
    board = [with_items(ref, nll=each) for ref, each in enumerate((nll, again, other))]
    found = examine(board, assignment(NLL))
    assert signs(found) == {(0, 1): [Sign.OUTPUTS, Sign.PROFILE]}
    assert found.pairs[0].equal == (500, 500)
    assert any("of 3 entries it tells little" in note for note in found.notes)


def test_references_are_always_compared_and_their_outputs_take_no_rank() -> None:
    nll = np.random.default_rng(0).gamma(1, 1, (3, 500)).astype(np.float32)
    reference = replace(with_items(1, nll=nll[0]), kind=TeamKind.REFERENCE, team="gru (reference)")
    baseline = replace(with_items(2, nll=nll[0]), kind=TeamKind.BASELINE, team="gru (baseline)")
    board = [reference, baseline, with_items(3, nll=nll[0]), with_items(4, nll=nll[1])]
    found = examine(board, assignment(NLL))
    assert {key for key, each in signs(found).items() if Sign.OUTPUTS in each} == {(1, 3), (2, 3)}
    assert found.unranked == {3: "its outputs are those of a public solution, gru (reference)"}


def test_whole_sets_are_compared_by_all_figures_of_both_boards() -> None:
    kid, fid = (Metric(name, "", higher_is_better=False) for name in ("kid", "fid"))

    def scored(ref: int, value: float, private: float) -> Evidence:
        boards = [{"kid": Estimate(one, 0.1), "fid": Estimate(9.5, 1)} for one in (value, private)]
        return entry(ref, public=boards[0], private=boards[1])

    board = [scored(1, 0.031, 0.04), scored(2, 0.0312, 0.04), scored(3, 0.031, 0.05), entry(4)]
    found = examine(board, assignment(kid, fid))
    assert signs(found) == {(1, 2): [Sign.OUTPUTS]}
    assert any("whole sets" in note for note in found.notes)


def test_identical_pictures_stand_for_outputs_where_scores_are_drawn_anew() -> None:
    shown = Showing({"examples": PNG}, {"text": "In the beginning"})
    board = [
        entry(1, showing=shown, kind=TeamKind.REFERENCE),
        entry(2, showing=shown),
        entry(3, showing=Showing({"examples": PNG})),
        entry(4),
        entry(5),
    ]
    found = examine(board, assignment(), repeatable=False)
    assert signs(found) == {(1, 2): [Sign.SHOWN]}
    assert list(found.unranked) == [2]
    assert not examine(board, assignment()).unranked


def test_one_team_is_not_compared_with_itself_nor_one_data_version_with_another() -> None:
    nll = np.random.default_rng(0).gamma(1, 1, 500).astype(np.float32)
    board = [
        with_items(1, nll=nll),
        replace(with_items(2, nll=nll), team="team 1"),
        with_items(3, nll=nll[:9]),
    ]
    assert not examine(board, assignment(NLL)).pairs


# ---------------------------------------------------------------- files


def test_shared_files_are_shown_and_the_starter_is_not() -> None:
    starter = of_files({"model.py": STARTER.encode(), "labels.npz": b"public"})
    mine = {"model.py": OWN, "labels.npz": "public", "__init__.py": ""}
    board = [
        entry(1, files=mine),
        entry(2, files=mine),
        entry(3, files={"model.py": STARTER, "labels.npz": "public"}),
    ]
    found = examine(board, assignment(), handed_out=starter)
    assert signs(found) == {(1, 2): [Sign.FILES]}
    [file] = found.pairs[0].files
    assert (file.first, file.second, file.exact, file.own_lines) == ("model.py", "model.py", True, 18)


def test_code_with_other_names_and_comments_is_shown() -> None:
    board = [
        entry(1, files={"model.py": OWN}),
        entry(2, files={"net.py": RENAMED}),
        entry(3, files={"model.py": OWN.replace("* 3", "* 33")}),
    ]
    found = examine(board, assignment())
    assert signs(found) == {(1, 2): [Sign.SOURCES]}


def test_who_handed_the_starter_in_as_it_is_is_only_counted() -> None:
    nll = np.random.default_rng(0).gamma(1, 1, 500).astype(np.float32)
    board = [replace(entry(ref, files={"model.py": STARTER}), items={"nll": nll}) for ref in (1, 2)]
    found = examine(board, assignment(NLL), handed_out=of_files({"model.py": STARTER.encode()}))
    assert not found.pairs
    assert any("2 entries are the starter" in note for note in found.notes)


def test_what_many_teams_have_is_one_line_but_a_reference_s_file_is_always_told() -> None:
    board = [entry(ref, files={"blocks.py": OWN}) for ref in range(1, 13)]
    [common] = examine(board, assignment()).commons
    assert (common.name, len(common.teams)) == ("blocks.py", 12)
    assert not examine(board, assignment()).pairs
    shipped = entry(0, files={"model.py": OWN}, kind=TeamKind.REFERENCE)
    assert len(examine([shipped, *board], assignment()).pairs) == 12


def test_archives_that_could_not_be_read_are_counted() -> None:
    found = examine([replace(entry(1), contents=None), entry(2)], assignment(), handed_out=Contents())
    assert any("could not be read" in note for note in found.notes)


# ---------------------------------------------------------------- single entries


def test_copied_samples_and_a_fall_when_nudged_are_shown() -> None:
    board = [
        entry(1, public={"copied": Estimate(0.028, 0.005)}),
        entry(2, public={"copied": Estimate(0.013, 0.003)}, steadiness=Steadiness(0.78, 0.73)),
        entry(3, steadiness=Steadiness(1.0, 0.1)),
        entry(4, public={"stability": Estimate(0.2, 0.01)}),
        entry(5, public={"stability": Estimate(0.8, 0.01)}),
    ]
    found = examine(board, classifier())
    shown = [(one.entry.ref, one.sign) for one in found.singles]
    assert shown == [(1, Sign.COPIED), (3, Sign.UNSTEADY), (4, Sign.UNSTEADY)]
    assert "from 1.000 to 0.100" in found.singles[1].sentence


def test_an_empty_board_is_fine() -> None:
    found = examine([], assignment())
    assert (found.entries, found.compared, list(found.pairs)) == (0, 0, [])
