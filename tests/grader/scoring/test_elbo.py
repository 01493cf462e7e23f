"""The bound against independent arithmetic: torch's distributions, and the exact marginal by quadrature."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch.distributions import Bernoulli, Normal

from grader.scoring.elbo import (
    bernoulli_log_likelihood,
    binarisation_entropy,
    elbo,
    gaussian_log_density,
)

RNG = np.random.default_rng(0)


def test_log_likelihood_agrees_with_torch() -> None:
    x = (RNG.random((5, 1, 28, 28)) < 0.5).astype(np.float32)
    logits = RNG.normal(0, 4, x.shape)
    theirs: torch.Tensor = (
        Bernoulli(logits=torch.from_numpy(logits)).log_prob(torch.from_numpy(x)).sum(dim=(1, 2, 3))  # type: ignore[no-untyped-call]
    )
    np.testing.assert_allclose(bernoulli_log_likelihood(x, logits), theirs.numpy(), rtol=1e-6)


def test_density_agrees_with_torch() -> None:
    z, mean, log_std = RNG.normal(size=(3, 7, 4))
    theirs: torch.Tensor = Normal(torch.from_numpy(mean), torch.from_numpy(np.exp(log_std))).log_prob(  # type: ignore[no-untyped-call]
        torch.from_numpy(z)
    )
    np.testing.assert_allclose(gaussian_log_density(z, mean, log_std), theirs.sum(1).numpy(), rtol=1e-9)


def test_extreme_logits_stay_finite() -> None:
    x, logits = np.array([[0.0, 1.0]]), np.array([[-1e4, 1e4]])
    assert bernoulli_log_likelihood(x, logits)[0] == 0
    assert bernoulli_log_likelihood(1 - x, logits)[0] == -2e4


@pytest.mark.parametrize("width", [0.3, 1.0, 2.0])
def test_the_bound_is_below_the_exact_marginal_and_tight_for_the_true_posterior(width: float) -> None:
    """One latent variable, two pixels with logits 2z and −z: log p(x) by quadrature."""
    x = np.array([1.0, 0.0])

    def joint(z: float) -> float:
        logits = np.array([[2 * z, -z]])
        at = np.array([[z]])
        prior = gaussian_log_density(at, np.zeros((1, 1)), np.zeros((1, 1)))
        return float(np.exp(bernoulli_log_likelihood(x[None], logits) + prior)[0])

    marginal, _ = quad(joint, -10, 10)
    n = 200_000
    mean, log_std = np.full((n, 1), 0.7), np.full((n, 1), np.log(width))
    z = mean + np.exp(log_std) * RNG.normal(size=(n, 1))
    bound = elbo(np.tile(x, (n, 1)), np.concatenate([2 * z, -z], 1), z, mean, log_std)
    assert bound.mean() < np.log(marginal)
    # E_q[p(x, z) / q(z)] is the marginal itself, whatever q: the terms fit together.
    assert np.exp(bound).mean() == pytest.approx(marginal, rel=0.05)


def test_entropy_of_black_and_white_is_nothing() -> None:
    assert binarisation_entropy(np.array([[0.0, 1.0]]))[0] == 0
    assert binarisation_entropy(np.full((1, 28, 28), 0.5))[0] == pytest.approx(784 * np.log(2))
