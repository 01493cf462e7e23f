"""Renderings: fixed by the generator, never the original, and still what they were."""

import numpy as np
import numpy.typing as npt
import pytest
import torch

from grader.catalogue import HOME
from grader.datasets import Images, fashion_mnist
from grader.rendering import GAIN, SHIFT, render
from tests.assignments.in_process import submission

Stack = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def clothes() -> Images:
    whole = fashion_mnist()
    return Images(whole.images[60_000:62_000], whole.labels[60_000:62_000])


@pytest.fixture(scope="module")
def rendered(clothes: Images) -> Stack:
    return render(clothes.images, np.random.default_rng(1))


def test_the_generator_decides(clothes: Images, rendered: Stack) -> None:
    assert rendered.shape == clothes.images.shape
    assert rendered.dtype == np.uint8
    assert np.array_equal(rendered, render(clothes.images, np.random.default_rng(1)))
    assert not np.array_equal(rendered, render(clothes.images, np.random.default_rng(2)))


def test_a_longer_stack_begins_with_the_same_renderings(clothes: Images, rendered: Stack) -> None:
    assert np.array_equal(rendered[:100], render(clothes.images[:100], np.random.default_rng(1)))


def test_no_image_is_an_original(clothes: Images, rendered: Stack) -> None:
    originals = {image.tobytes() for image in clothes.images}
    assert len({image.tobytes() for image in rendered} - originals) == len(rendered)


def test_two_renderings_of_an_image_differ(clothes: Images) -> None:
    twins = render(np.repeat(clothes.images[:200], 2, axis=0), np.random.default_rng(3))
    assert not any(np.array_equal(one, other) for one, other in zip(twins[::2], twins[1::2], strict=True))


def test_a_dot_in_the_centre_moves_by_the_shift_alone() -> None:
    dots = np.zeros((500, 29, 29), np.uint8)
    dots[:, 12:17, 12:17] = 200  # a square: its centre of gravity is the fixed point of every linear map
    rows, columns = np.mgrid[:29, :29] - 14.0
    light = render(dots, np.random.default_rng(4)).astype(np.float64)
    down, right = ((light * place).sum(axis=(1, 2)) / light.sum(axis=(1, 2)) for place in (rows, columns))
    for moved in (down, right):
        assert np.abs(moved).max() == pytest.approx(SHIFT * 1.05, rel=0.1)
        assert moved.mean() == pytest.approx(0, abs=0.15)
    brightest = light.max(axis=(1, 2)) / 200
    assert brightest.max() == pytest.approx(1 + GAIN, abs=0.01)


def test_labels_stay_recognisable(clothes: Images, rendered: Stack) -> None:
    def right(images: Stack) -> float:
        inputs = torch.from_numpy(images[:, np.newaxis] / np.float32(255))
        answers = model.classify(inputs).argmax(dim=1).numpy()
        return float(np.mean(answers == clothes.labels))

    model = submission(HOME / "reference_solutions/cnn/cnn")()
    # On all 10,000 test images it costs .021 to .025 under three seeds.
    assert right(rendered) > right(clothes.images) - 0.04


def test_of_no_images_come_none() -> None:
    assert render(np.zeros((0, 28, 28), np.uint8), np.random.default_rng(0)).shape == (0, 28, 28)
