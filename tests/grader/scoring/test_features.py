"""The extractor: the shipped one knows its clothes, a trained one is its seed's, batches change nothing."""

import numpy as np
import pytest
import torch

from grader.datasets import Images, fashion_mnist
from grader.scoring.features import SHIPPED, SIZE, features, network, shipped, train


@pytest.fixture(scope="module")
def data() -> Images:
    return fashion_mnist()


def test_the_shipped_extractor_classifies_what_it_was_not_trained_on(data: Images) -> None:
    classifier = network()
    classifier.load_state_dict({name: torch.from_numpy(array) for name, array in shipped().items()})
    with torch.inference_mode():
        logits = classifier(torch.from_numpy(data.images[60_000:61_000, np.newaxis] / np.float32(255)))
    assert (logits.argmax(dim=1).numpy() == data.labels[60_000:61_000]).mean() > 0.87


def test_the_shipped_extractor_is_small() -> None:
    assert SHIPPED.stat().st_size < 250_000
    assert sum(array.size for array in shipped().values()) == 60_874


def test_features_are_of_the_single_image(data: Images) -> None:
    images = data.images[:600]
    all_at_once, alone = features(images, shipped()), features(images[599:], shipped())
    assert all_at_once.shape == (600, SIZE)
    assert all_at_once.dtype == np.float64
    assert np.allclose(all_at_once[599:], alone, atol=1e-4)
    assert features(images[:0], shipped()).shape == (0, SIZE)


def test_a_seed_gives_the_same_weights_and_disturbs_nothing(data: Images) -> None:
    images, labels = data.images[:1_000], data.labels[:1_000]
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    one, same, other = (train(images, labels, seed=seed, steps=3) for seed in (0, 0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.array_equal(one["0.weight"], other["0.weight"])


def test_training_learns(data: Images) -> None:
    images, labels = data.images[:5_000], data.labels[:5_000]
    seen = features(data.images[60_000:60_500], train(images, labels, seed=0, steps=60))
    same = data.labels[60_000:60_500, np.newaxis] == data.labels[60_000:60_500]
    apart = np.linalg.norm(seen[:, np.newaxis] - seen, axis=2)
    assert apart[same].mean() < 0.8 * apart[~same].mean()
