"""PSNR and SSIM against closed forms and against scikit-image."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from grader.scoring.image import CHUNK, Stack, psnr, ssim


@pytest.fixture
def stacks() -> tuple[Stack, Stack]:
    """Smooth images and noisy versions of them, each (7, 28, 24)."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:28, :24]
    phase = rng.uniform(0, 6, (7, 1, 1))
    clean = 0.5 + 0.5 * np.sin(rows / 4 + phase) * np.cos(columns / 5)
    return (clean + 0.2 * rng.standard_normal(clean.shape)).clip(0, 1), clean


@pytest.mark.parametrize("difference", [0.5, 0.1, 0.01])
def test_psnr_of_a_constant_difference_is_its_square_in_decibel(difference: float) -> None:
    clean = np.full((3, 28, 28), 0.2)
    assert psnr(clean + difference, clean) == pytest.approx(-20 * np.log10(difference))


def test_psnr_of_an_exact_answer_is_bounded() -> None:
    clean = np.full((2, 28, 28), 0.3, np.float32)
    assert psnr(clean, clean).tolist() == [60, 60]


def test_psnr_equals_scikit_image(stacks: tuple[Stack, Stack]) -> None:
    noisy, clean = stacks
    expected = [
        peak_signal_noise_ratio(x, y, data_range=1)  # type: ignore[no-untyped-call]
        for x, y in zip(clean, noisy, strict=True)
    ]
    assert psnr(noisy, clean) == pytest.approx(expected, abs=1e-9)


def test_ssim_equals_scikit_image(stacks: tuple[Stack, Stack]) -> None:
    noisy, clean = stacks
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
    expected = [
        structural_similarity(x, y, **settings)  # type: ignore[no-untyped-call]
        for x, y in zip(noisy, clean, strict=True)
    ]
    assert ssim(noisy, clean) == pytest.approx(expected, abs=1e-9)


def test_ssim_of_two_constant_images_is_its_luminance_term() -> None:
    one, other = np.full((1, 28, 28), 0.2), np.full((1, 28, 28), 0.6)
    expected = (2 * 0.2 * 0.6 + 0.01**2) / (0.2**2 + 0.6**2 + 0.01**2)
    assert ssim(one, other) == pytest.approx(expected)


def test_ssim_does_not_depend_on_which_image_is_called_clean(stacks: tuple[Stack, Stack]) -> None:
    noisy, clean = stacks
    assert ssim(noisy, clean) == pytest.approx(ssim(clean, noisy))


def test_images_are_scored_singly_across_chunks(stacks: tuple[Stack, Stack]) -> None:
    noisy, clean = (np.concatenate([stack] * (CHUNK // 7 + 2)) for stack in stacks)
    assert ssim(noisy, clean) == pytest.approx(np.resize(ssim(*stacks), len(clean)))


def test_float32_images_are_scored_in_float64(stacks: tuple[Stack, Stack]) -> None:
    noisy, clean = (stack.astype(np.float32) for stack in stacks)
    assert psnr(noisy, clean).dtype == ssim(noisy, clean).dtype == np.float64
