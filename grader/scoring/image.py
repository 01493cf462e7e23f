"""How close an estimated image is to the clean one: PSNR and SSIM, per image of a stack."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Stack = npt.NDArray[np.floating]
Float64Stack = npt.NDArray[np.float64]
PerImage = npt.NDArray[np.float64]

SMALLEST_MSE = 1e-6  # so that an exact answer scores 60 dB, not infinity

SIGMA, RADIUS = 1.5, 5  # of SSIM's Gaussian window, in pixels: 11×11
C1, C2 = 0.01**2, 0.03**2  # (K1·L)² and (K2·L)² for the dynamic range L = 1
CHUNK = 500  # images at a time: 10,000 need some 25 MB


def psnr(estimate: Stack, clean: Stack) -> PerImage:
    """Peak signal-to-noise ratio of each image, 10·log10(1 / MSE), in dB; higher is better.

    estimate, clean: (n, height, width) in [0, 1], so that the peak is 1. Returns (n,). The MSE is floored
    at 1e-6.

    >>> clean = np.zeros((2, 28, 28))
    >>> psnr(clean + np.array([0.1, 0.0]).reshape(2, 1, 1), clean).round(6).tolist()
    [20.0, 60.0]
    """
    mse = np.square(np.subtract(estimate, clean, dtype=np.float64)).mean(axis=(1, 2))
    return np.asarray(-10 * np.log10(np.maximum(mse, SMALLEST_MSE)))


def ssim(estimate: Stack, clean: Stack) -> PerImage:
    """Structural similarity of each image, without unit, at most 1; higher is better.

    estimate, clean: (n, height, width) in [0, 1], both sides at least 11. Returns (n,).
    Wang, Bovik, Sheikh & Simoncelli 2004, "Image Quality Assessment: From Error Visibility to Structural
    Similarity", eq. 13: an 11×11 Gaussian window of σ = 1.5, K1 = .01, K2 = .03, population covariance;
    the mean over the windows that lie within the image.

    >>> ramp = np.linspace(0, 1, 28 * 28).reshape(1, 28, 28)
    >>> ssim(ramp, ramp).tolist()
    [1.0]
    >>> bool(ssim(1 - ramp, ramp)[0] < 0)
    True
    """
    chunks = range(0, len(clean), CHUNK)
    means = [
        _ssim(*(stack[first : first + CHUNK].astype(np.float64) for stack in (estimate, clean)))
        for first in chunks
    ]
    return np.concatenate([np.empty(0), *means])


def _ssim(x: Float64Stack, y: Float64Stack) -> PerImage:
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    squares = _window_mean(x * x + y * y) - mean_x**2 - mean_y**2  # the two variances, added
    covariance = _window_mean(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    structure = (2 * covariance + C2) / (squares + C2)
    return np.asarray((luminance * structure).mean(axis=(1, 2)))


def _window_mean(stack: Float64Stack) -> Float64Stack:
    """(n, height, width) → (n, height − 10, width − 10): the Gaussian mean of each whole window."""
    smooth = ndimage.gaussian_filter(stack, SIGMA, radius=RADIUS, axes=(1, 2))
    return np.asarray(smooth[:, RADIUS:-RADIUS, RADIUS:-RADIUS])
