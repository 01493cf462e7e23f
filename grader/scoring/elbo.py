"""The evidence lower bound of binary images under a variational autoencoder, in nats per image.

log p(x) ≥ E_q[log p(x|z) + log p(z) − log q(z|x)] (Kingma & Welling 2014, eq. 2). With one draw of z the sum
in brackets is an unbiased estimate of the bound, whatever encoder and decoder are, as long as the decoder's
answer about a z depends on that z alone and z was drawn after q was fixed.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import entr

Floats = npt.NDArray[np.float64]
LOG_2_PI = float(np.log(2 * np.pi))


def bernoulli_log_likelihood(x: npt.NDArray[np.generic], logits: npt.NDArray[np.generic]) -> Floats:
    """log p(x|z) of independent pixels: Σ x·l − log(1 + eˡ). x in {0, 1} and logits (n, …); returns (n,).

    >>> bernoulli_log_likelihood(np.array([[1, 0]]), np.array([[0.0, 0.0]])) / np.log(2)
    array([-2.])
    """
    values = np.asarray(logits, np.float64).reshape(len(logits), -1)
    pixels = np.asarray(x, np.float64).reshape(len(x), -1)
    found: Floats = (pixels * values - np.logaddexp(0, values)).sum(axis=1)
    return found


def gaussian_log_density(
    z: npt.NDArray[np.generic], mean: npt.NDArray[np.generic], log_std: npt.NDArray[np.generic]
) -> Floats:
    """log N(z; mean, diag(exp(2·log_std))), all (n, D); returns (n,).

    >>> origin = np.zeros((1, 2))
    >>> gaussian_log_density(origin, origin, origin) / LOG_2_PI
    array([-1.])
    """
    z, mean, log_std = (np.asarray(each, np.float64) for each in (z, mean, log_std))
    found: Floats = (-0.5 * ((z - mean) / np.exp(log_std)) ** 2 - log_std - 0.5 * LOG_2_PI).sum(axis=1)
    return found


def elbo(
    x: npt.NDArray[np.generic],
    logits: npt.NDArray[np.generic],
    z: npt.NDArray[np.generic],
    mean: npt.NDArray[np.generic],
    log_std: npt.NDArray[np.generic],
) -> Floats:
    """log p(x|z) + log p(z) − log q(z|x) for one z of each image, prior N(0, I); higher is better. (n,)."""
    prior = gaussian_log_density(z, np.zeros_like(z), np.zeros_like(z))
    return bernoulli_log_likelihood(x, logits) + prior - gaussian_log_density(z, mean, log_std)


def binarisation_entropy(grey: npt.NDArray[np.generic]) -> Floats:
    """Entropy in nats of drawing each pixel from a Bernoulli whose mean is its grey value; returns (n,).

    grey in [0, 1], (n, …).
    No model that has not seen the drawn pixels can have a mean log-likelihood above minus this.

    >>> binarisation_entropy(np.array([[0.5, 1.0]])) / np.log(2)
    array([1.])
    """
    p = np.asarray(grey, np.float64).reshape(len(grey), -1)
    found: Floats = (entr(p) + entr(1 - p)).sum(axis=1)
    return found
