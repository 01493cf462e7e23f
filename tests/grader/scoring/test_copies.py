"""The search for copies on real images: what it finds and leaves alone, and that it finds what is nearest."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import ndimage

from grader.datasets import fashion_mnist
from grader.scoring.copies import CopySearch, PerItem, Stack, distance_within

pytestmark = pytest.mark.thorough

N = 3_000  # real images
COPY = np.array([[0.6], [0.5]])  # the assignment's limits, by pixels and by tangents


@pytest.fixture(scope="module")
def images() -> Stack:
    return fashion_mnist().images


@dataclass(frozen=True)
class Real:
    """The first N images, and how far apart they are."""

    among: CopySearch
    spacing: PerItem

    def novelty(self, images: Stack) -> PerItem:
        return self.among.search(images, self.spacing).novelty


@pytest.fixture(scope="module")
def real(images: Stack) -> Real:
    among = CopySearch(images[:N])
    return Real(among, among.spacing())


def copied(real: Real, images: Stack) -> float:
    return float(np.any(real.novelty(images) < COPY, axis=0).mean())


def moved(images: Stack, down: int, right: int) -> Stack:
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    return padded[:, 2 - down : 30 - down, 2 - right : 30 - right]


def test_every_exact_copy_is_found(real: Real, images: Stack) -> None:
    index, distance = real.among.nearest(images[:100])
    assert np.array_equal(index[0], np.arange(100))
    assert distance[0].max() < 0.01
    assert copied(real, images[:100]) == 1


@pytest.mark.parametrize("shift", [(0, 2), (-1, 1), (2, -2)])
def test_shifted_copies_are_found(real: Real, images: Stack, shift: tuple[int, int]) -> None:
    assert copied(real, moved(images[:100], *shift)) > 0.9


def test_mirrored_and_dimmed_copies_are_found(real: Real, images: Stack) -> None:
    disguised = (images[:100, :, ::-1] * 0.7).round().astype(np.uint8)
    assert np.array_equal(real.among.nearest(disguised)[0][0], np.arange(100))
    assert copied(real, disguised) == 1


def test_blended_copies_are_mostly_found(real: Real, images: Stack) -> None:
    blended = (0.8 * images[:100] + 0.2 * images[100:200]).round().astype(np.uint8)
    assert copied(real, blended) > 0.3


def test_fresh_real_images_are_no_copies(real: Real, images: Stack) -> None:
    assert copied(real, images[N : N + 300]) < 0.03


def test_noise_and_blank_images_are_no_copies(real: Real) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 28, 28)).astype(np.uint8)
    assert real.novelty(noise).min() > 1
    assert real.novelty(np.zeros((2, 28, 28), np.uint8)).min() > 1


def test_an_image_that_does_not_count_is_not_found(real: Real, images: Stack) -> None:
    everything = np.arange(50)
    index, distance = real.among.nearest(images[:50], themselves=everything)
    assert not np.any(index == everything)
    assert distance[0].min() > 0.01


def test_the_nearest_is_what_a_search_of_all_pixels_finds(images: Stack) -> None:
    few = CopySearch(images[:150])
    asked = images[300:302]

    def sine(one: Stack, other: Stack, down: int, right: int) -> float:
        inside = moved(np.full((1, 28, 28), 1, np.uint8), down, right)[0] > 0
        a, b = moved(one[np.newaxis], down, right)[0][inside] / 255, other[inside] / 255
        return float(np.sqrt(max(0.0, 1 - (a @ b) ** 2 / max((a @ a) * (b @ b), 1e-12))))

    shifts = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    _, [found, _] = few.nearest(asked)
    for image, distance in zip(asked, found, strict=True):
        truth = min(
            sine(turned, other, *shift)
            for turned in (image, image[:, ::-1])
            for other in few.images
            for shift in shifts
        )
        assert distance == pytest.approx(truth, abs=0.02)  # the first search may miss the very nearest
        assert distance > truth - 1e-3


@pytest.mark.parametrize("angle", [2, 4])
def test_copies_that_were_turned_a_little_are_mostly_found(real: Real, images: Stack, angle: int) -> None:
    assert copied(real, turned(images[:100], angle)) > 0.4


def test_copies_that_were_turned_far_are_a_known_gap(real: Real, images: Stack) -> None:
    """The statement says that they get by. If this fails, the search got better: say so there."""
    assert copied(real, turned(images[:100], 12)) < 0.1


def turned(images: Stack, angle: int) -> Stack:
    grey = ndimage.rotate(images.astype(float), angle, axes=(1, 2), reshape=False, order=3)
    return np.asarray(grey.clip(0, 255).round(), np.uint8)


# ---------------------------------------------------------------- within a set


def test_the_distance_within_a_set_is_that_to_the_nearest_other(images: Stack) -> None:
    centred = np.zeros((3, 28, 28), np.uint8)
    centred[0, 13:15, 13:15] = centred[1, 13:15, 10:18] = centred[2, 10:18, 13:15] = 255
    found = distance_within(centred)
    rows = centred.reshape(3, -1) + 1.0
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = rows @ rows.T - 2 * np.eye(3)
    assert found == pytest.approx(np.sqrt(1 - cosines.max(axis=1) ** 2), abs=1e-3)
    assert distance_within(images[:600]).min() > 0.05  # more than one chunk


def test_the_same_image_moved_dimmed_or_black_is_no_other(images: Stack) -> None:
    middle = np.pad(images[:50, 4:-4, 4:-4], ((0, 0), (4, 4), (4, 4)))
    again = np.concatenate([middle, np.roll(middle, (1, -2), (1, 2)), np.zeros((2, 28, 28), np.uint8)])
    assert distance_within(again).max() < 0.01
    dimmed = np.concatenate([middle, (middle * 0.8).astype(np.uint8)])
    assert distance_within(dimmed).max() < 0.02
    assert np.median(distance_within(middle)) > 0.2
