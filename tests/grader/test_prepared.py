"""How many items may be held out: one check for all assignments, before anything is drawn."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli import heldout
from grader import catalogue
from grader.course import Config, Settings
from grader.datasets import public_mask
from grader.errors import HeldoutError
from grader.prepared import check_size, check_sizes, draw
from grader.rules import Rules
from grader.spec import Assignment, Prepared


def undrawable(slug: str) -> Assignment:
    def fail(*_: Any) -> Any:
        raise AssertionError("data were drawn")

    return replace(catalogue.find(slug), prepare=fail)


@pytest.mark.parametrize("slug", catalogue.slugs())
def test_a_size_out_of_range_is_refused_before_anything_is_drawn(slug: str) -> None:
    assignment = undrawable(slug)
    allowed = assignment.items
    for size in (0, allowed.smallest - 1, allowed.largest + 1):
        with pytest.raises(HeldoutError, match=f"{slug}: {size} held-out items") as caught:
            draw(assignment, 1, size=size)
        assert caught.value.expected == f"{allowed.smallest} to {allowed.largest}"
        assert "`items`" in caught.value.next_step
        assert f"[assignments.{slug}]" in caught.value.next_step


@pytest.mark.parametrize("slug", catalogue.slugs())
def test_what_is_not_set_is_the_most(slug: str) -> None:
    assignment = catalogue.find(slug)
    assert check_size(assignment, None) == check_size(assignment, assignment.items.largest)
    assert check_size(assignment, assignment.items.smallest) == assignment.items.smallest


@pytest.mark.parametrize("n", [64, 100, 256, 2_048, 10_000])
def test_neither_board_is_ever_empty(n: int) -> None:
    for smallest in (8, 64):
        assert 0 < public_mask(n, smallest).sum() <= n // 2


@pytest.mark.parametrize(
    ("share", "block", "public"), [(0.3, 1, 30), (0.3, 8, 32), (0.001, 8, 8), (0.999, 8, 96)]
)
def test_a_course_may_set_which_share_is_public(share: float, block: int, public: int) -> None:
    drawn = Prepared({}, {"public": public_mask(100)})
    assignment = replace(
        catalogue.find("denoising"),
        prepare=lambda source, seed, n: drawn,
        block=block,
        rules=Rules(public_share=share),
    )
    mask = draw(assignment, 1, size=100).heldout["public"]
    assert mask.sum() == public
    assert mask[:public].all(), "whole blocks, from the first on"


def test_boards_of_whole_sets_are_divided_by_their_assignment() -> None:
    with pytest.raises(HeldoutError, match="gan: the public share can't be set"):
        draw(replace(undrawable("gan"), rules=Rules(public_share=0.5)), 1)


def test_all_sizes_of_a_course_are_checked_before_any_data_are_drawn() -> None:
    config = Config(assignments={"denoising": Settings(items=256), "rnn": Settings(items=3_000)})
    with pytest.raises(HeldoutError, match="rnn: 3000 held-out items"):
        check_sizes(config, [undrawable("denoising"), undrawable("rnn")])


@pytest.mark.parametrize("items", [63, 3_000])
def test_a_course_that_cannot_be_is_not_begun(items: int, tmp_path: Path) -> None:
    words = ["course", "init", str(tmp_path / "course"), "--items", str(items)]
    result = CliRunner().invoke(heldout, [*words, "--assignment", "denoising", "--assignment", "rnn"])
    assert isinstance(result.exception, HeldoutError)
    assert f"{items} held-out items" in result.exception.what
    assert not result.output
    assert not (tmp_path / "course").exists()
