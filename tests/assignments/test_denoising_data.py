"""The denoising assignment's data: drawn by the course's seed, nothing held out among what is handed out."""

import numpy as np
import numpy.typing as npt
import pytest

from grader.datasets import fashion_mnist
from grader.prepared import Data, draw
from grader.spec import Array, Assignment


def test_the_full_profile(denoising: Assignment) -> None:
    prepared = draw(denoising, 3)
    assert prepared.public["images"].shape == (50_000, 28, 28)
    assert prepared.heldout["clean"].shape == (10_000, 28, 28)
    assert prepared.heldout["public"].sum() == 2_000
    handed_out = {image.tobytes() for image in prepared.public["images"]}
    handed_out |= {image.tobytes() for image in to_bytes(prepared.public["clean"])}
    held_out = {image.tobytes() for image in prepared.heldout["clean"]}
    assert len(handed_out) == 50_032
    assert len(held_out) == 10_000
    assert not handed_out & held_out


def test_no_image_is_as_it_was_published(denoising: Assignment) -> None:
    published = {image.tobytes() for image in fashion_mnist().images}
    prepared = draw(denoising, 3, size=256)
    clean = [prepared.public["images"], to_bytes(prepared.public["clean"]), prepared.heldout["clean"]]
    assert not published & {image.tobytes() for image in np.concatenate(clean)}


def to_bytes(clean: Array) -> npt.NDArray[np.uint8]:
    return np.asarray((clean[:, 0] * 255).round(), np.uint8)


def test_the_small_profile_is_the_beginning_of_the_full_one(
    denoising: Assignment, denoising_data: Data
) -> None:
    full = draw(denoising, 1).heldout
    assert denoising_data.heldout["public"].sum() == 64
    assert np.array_equal(denoising_data.heldout["clean"], full["clean"][:256])
    assert np.array_equal(denoising_data.heldout["noisy"], full["noisy"][:256])


def test_the_seed_decides_images_and_noise(denoising: Assignment, denoising_data: Data) -> None:
    same, other = (draw(denoising, seed, size=256) for seed in (1, 2))
    for name, array in denoising_data.heldout.items():
        assert np.array_equal(array, same.heldout[name])
    assert np.array_equal(denoising_data.public["noisy"], same.public["noisy"])
    assert not np.array_equal(same.heldout["clean"], other.heldout["clean"])
    assert not np.array_equal(same.public["images"], other.public["images"])


def test_the_noise_is_gaussian_independent_and_not_clipped(denoising_data: Data) -> None:
    heldout, public = denoising_data.heldout, denoising_data.public
    noise = (heldout["noisy"][:, 0] - heldout["clean"] / 255) / 0.5
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.std() == pytest.approx(1, abs=0.01)
    assert np.mean(np.abs(noise) < 1) == pytest.approx(0.6827, abs=0.005)
    assert heldout["noisy"].min() < -0.5
    examples = (public["noisy"] - public["clean"])[:, 0] / 0.5
    assert abs(np.corrcoef(noise[:32].ravel(), examples.ravel())[0, 1]) < 0.02
