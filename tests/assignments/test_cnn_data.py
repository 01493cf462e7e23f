"""The CNN assignment's data: drawn by the course's seed, rendered anew, in parts that don't overlap."""

import runpy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from grader import catalogue
from grader.archive import pack
from grader.datasets import Images, fashion_mnist, split_clothes
from grader.prepared import draw
from grader.sanity import COURSE_SEED
from grader.spec import Array, Arrays, Assignment, Prepared


@pytest.fixture(scope="module")
def cnn() -> Assignment:
    return catalogue.find("cnn")


@pytest.fixture(scope="module")
def full(cnn: Assignment) -> Prepared:
    return draw(cnn, 3)


@pytest.fixture(scope="module")
def clothes() -> Images:
    return fashion_mnist()


def to_bytes(images: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return np.asarray((images[:, 0] * 255).round(), np.uint8)


def parts(prepared: Prepared) -> dict[str, Array]:
    """Every image that was handed out or held out, each (n, 28, 28) uint8."""
    return {
        "labelled": prepared.public["images"],
        "unlabelled": prepared.public["unlabelled"],
        "examples": to_bytes(prepared.public["examples"]),
        "held out": to_bytes(prepared.heldout["images"]),
    }


def test_the_full_profile(full: Prepared) -> None:
    assert {name: len(images) for name, images in parts(full).items()} == {
        "labelled": 5_000,
        "unlabelled": 40_000,
        "examples": 500,
        "held out": 10_000,
    }
    assert full.heldout["public"].sum() == 2_000
    for asked in (full.public["examples"], full.heldout["images"], full.heldout["nudged"]):
        assert asked.dtype == np.float32
        assert asked.shape[1:] == (1, 28, 28)
        assert 0 <= asked.min() <= asked.max() <= 1


def test_labels_handed_out_are_balanced_and_mixed(full: Prepared) -> None:
    assert np.bincount(full.public["labels"]).tolist() == [500] * 10
    assert np.bincount(full.public["example_labels"]).tolist() == [50] * 10
    assert len(set(full.public["labels"][:50])) == 10
    assert np.bincount(full.heldout["labels"]).min() > 900


def test_no_image_keeps_its_bytes(full: Prepared, clothes: Images) -> None:
    originals = {image.tobytes() for image in clothes.images}
    for name, images in parts(full).items():
        assert not originals & {image.tobytes() for image in images}, name


def test_parts_are_disjoint_and_labels_are_their_images(
    cnn: Assignment, clothes: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen where images are left as they are published: there are no two equal ones among them."""
    monkeypatch.setattr("heldout_assignment_cnn.data.render", lambda images, rng: images)
    plain = draw(cnn, 3)
    places = {image.tobytes(): place for place, image in enumerate(clothes.images)}
    found = {name: [places[image.tobytes()] for image in images] for name, images in parts(plain).items()}
    everything = [place for part in found.values() for place in part]
    assert len(set(everything)) == len(everything) == 55_500
    assert np.array_equal(clothes.labels[found["labelled"]], plain.public["labels"])
    assert np.array_equal(clothes.labels[found["examples"]], plain.public["example_labels"])
    assert np.array_equal(clothes.labels[found["held out"]], plain.heldout["labels"])


def test_the_other_assignments_on_these_images_hold_out_the_same(
    cnn: Assignment, clothes: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    denoising = catalogue.find("denoising")
    for module in ("heldout_assignment_cnn.data", "grader.clothes"):
        monkeypatch.setattr(f"{module}.render", lambda images, rng: images)
    held = to_bytes(draw(cnn, 3).heldout["images"])
    assert np.array_equal(held, clothes.images[split_clothes(3)[0]])
    assert np.array_equal(held, draw(denoising, 3).heldout["clean"])


def test_some_images_are_neither_handed_out_nor_held_out(full: Prepared) -> None:
    assert sum(len(images) for images in parts(full).values()) == 70_000 - 14_500


def test_the_small_profile_is_the_beginning_of_the_full_one(cnn: Assignment, full: Prepared) -> None:
    small = draw(cnn, 3, size=256)
    assert small.heldout["public"].sum() == 64
    for name in ("images", "nudged", "labels"):
        assert np.array_equal(small.heldout[name], full.heldout[name][:256])
    for name, array in full.public.items():
        assert np.array_equal(small.public[name], array)


def test_the_seed_decides_images_and_renderings(cnn: Assignment, full: Prepared) -> None:
    same, other = (draw(cnn, seed, size=100) for seed in (3, 4))
    for name in ("images", "nudged", "labels"):
        assert np.array_equal(same.heldout[name], full.heldout[name][:100])
        assert not np.array_equal(same.heldout[name], other.heldout[name])
    assert not np.array_equal(same.public["images"], other.public["images"])


def test_a_perturbation_is_one_pixel_to_a_side_and_light_noise(cnn: Assignment, full: Prepared) -> None:
    images, perturbed = (full.heldout[name][:200, 0] for name in ("images", "nudged"))
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    moved = np.stack([padded[:, top : top + 28, left : left + 28] for top in range(3) for left in range(3)])
    distance = np.abs(moved - perturbed).mean(axis=(2, 3))  # (9, 200)
    side = distance.argmin(axis=0)
    assert set(side) == {0, 1, 2, 3, 5, 6, 7, 8}  # 4 would be no move
    inside = np.take_along_axis(moved, side[np.newaxis, :, np.newaxis, np.newaxis], axis=0)[0]
    grey = (inside > 0.2) & (inside < 0.8)  # where nothing was clipped
    assert (perturbed - inside)[grey].std() == pytest.approx(0.03, rel=0.02)
    assert (perturbed - inside)[grey].mean() == pytest.approx(0, abs=0.002)


# ---------------------------------------------------------------- what a train run is dealt


def dealt(cnn: Assignment, prepared: Prepared, run_seed: int) -> Arrays:
    found, heldout = cnn.deal(prepared.public, prepared.heldout, np.random.default_rng(run_seed))
    assert heldout is prepared.heldout  # asked about the same images as everyone
    return found


@pytest.fixture(scope="module")
def few(full: Prepared) -> Prepared:
    """With 1,000 images to deal from: rendering all takes seconds."""
    originals = {name: full.heldout[name][:1_000] for name in ("originals", "original_labels")}
    return Prepared(full.public, {**full.heldout, **originals})


@pytest.fixture
def plain(cnn: Assignment, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """Images left as they are published: each can be told."""
    monkeypatch.setattr("heldout_assignment_cnn.data.render", lambda images, rng: images)
    return draw(cnn, COURSE_SEED, size=64)


def test_the_run_seed_decides_what_is_dealt(cnn: Assignment, few: Prepared) -> None:
    one, same, other = (dealt(cnn, few, run_seed) for run_seed in (1, 1, 2))
    for name in ("images", "labels"):
        assert np.array_equal(one[name], same[name])
        assert not np.array_equal(one[name], other[name])
        assert not np.array_equal(one[name], few.public[name][:1_000])
    originals = {image.tobytes() for image in few.heldout["originals"]}
    assert not originals & {image.tobytes() for image in one["images"]}  # rendered anew


def test_dealt_data_look_like_what_students_have(cnn: Assignment, plain: Prepared) -> None:
    found = dealt(cnn, plain, 1)
    for name, array in plain.public.items():
        assert (found[name].shape, found[name].dtype) == (array.shape, array.dtype)
    assert np.bincount(found["labels"]).tolist() == [500] * 10
    assert np.array_equal(found["examples"], plain.public["examples"])


def test_only_images_that_were_handed_out_are_dealt_each_once(
    cnn: Assignment, plain: Prepared, clothes: Images
) -> None:
    """None that is held out; nor one that is neither, or what is held out could be found by elimination."""
    found = dealt(cnn, plain, 1)
    places = {image.tobytes(): place for place, image in enumerate(clothes.images)}
    before, after = (
        [places[image.tobytes()] for name in ("images", "unlabelled") for image in each[name]]
        for each in (plain.public, found)
    )
    assert before != after
    assert sorted(before) == sorted(after)
    assert not set(after) & set(split_clothes(COURSE_SEED)[0])
    assert np.array_equal(clothes.labels[after[:5_000]], found["labels"])
    assert 400 < len(set(before[:5_000]) & set(after[:5_000])) < 700  # of 5,000: other images have labels


@pytest.mark.thorough
def test_labels_by_place_fit_the_code_and_not_what_is_dealt(
    cnn: Assignment, plain: Prepared, clothes: Images, tmp_path: Path
) -> None:
    case = tmp_path / "ranked_labels"
    shutil.copytree(cnn.folder / "sanity/ranked_labels", case)
    runpy.run_path(str(case / "build.py"))["build"](case, plain.public)
    (case / "build.py").unlink()
    assert len(pack(case, limit=cnn.budget.archive_bytes, code_only=True).data) < 12_000
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(case))
        claimed = runpy.run_path(str(case / "train.py"))["claimed"]

    labels = {image.tobytes(): label for image, label in zip(clothes.images, clothes.labels, strict=True)}

    def right(data: Arrays) -> float:
        found = claimed({name: torch.from_numpy(array) for name, array in data.items()})
        return float(np.mean(found.numpy() == [labels[image.tobytes()] for image in data["unlabelled"]]))

    assert right(plain.public) == 1
    assert right(dealt(cnn, plain, 1)) < 0.7  # the regression alone: .77
