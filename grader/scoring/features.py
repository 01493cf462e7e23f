"""What a small network sees in an image: 64 numbers, in which two sets of images are compared.

The network is a classifier of Fashion-MNIST; its features are what its last layer reads, before the ReLU. One
is shipped (`SHIPPED`: the weights behind the public board); each course trains another by its seed for the
private one, so that images made to please the shipped weights alone gain nothing at the end.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import nn

Weights = Mapping[str, npt.NDArray[np.float32]]
Stack = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float64]

SHIPPED = Path(__file__).with_name("features.safetensors")
SIZE = 64  # features of an image
CLASSES = 10
CHUNK = 500  # images at a time

# Training, measured in steps so that a seed gives the same weights however busy the machine is.
BATCH = 128
RATE = 2e-3


def features(images: Stack, weights: Weights) -> Features:
    """(n, 28, 28) uint8 → (n, 64) float64, computed in float32 on one thread."""
    import torch

    seeing = network()[:-2]
    names = seeing.state_dict()
    seeing.load_state_dict({name: torch.from_numpy(np.array(weights[name])) for name in names})
    found = [np.empty((0, SIZE), np.float32)]
    with _one_thread(), torch.inference_mode():
        for first in range(0, len(images), CHUNK):
            pixels = torch.from_numpy(images[first : first + CHUNK, np.newaxis] / np.float32(255))
            found.append(seeing(pixels).numpy())
    return np.concatenate(found).astype(np.float64)


def shipped() -> Weights:
    """The weights behind every course's public board; `python -m assignments.gan.extractor` made them."""
    from safetensors.numpy import load_file

    return {name: array.astype(np.float32) for name, array in load_file(SHIPPED).items()}


def train(images: Stack, labels: npt.NDArray[np.int64], *, seed: int, steps: int) -> Weights:
    """Train a classifier of (N, 28, 28) uint8 images with labels (N,) in 0…9; returns its weights.

    The same seed and steps give the same weights on the same machine and versions. 100 steps take 4 to
    6 CPU-seconds, on one thread.
    """
    import torch

    with _one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        learner = network()
        optimizer = torch.optim.Adam(learner.parameters(), lr=RATE, weight_decay=1e-5)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(steps):
            chosen = torch.randint(len(images), (BATCH,)).numpy()
            pixels = torch.from_numpy(_augmented(images[chosen], int(torch.randint(4, ()))))
            loss = torch.nn.functional.cross_entropy(learner(pixels), torch.from_numpy(labels[chosen]))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return {name: value.numpy() for name, value in learner.state_dict().items()}


def network() -> "nn.Sequential":
    """Three convolutions and two linear layers, 60,874 parameters: (B, 1, 28, 28) → logits (B, 10)."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (B, 16, 14, 14)
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (B, 32, 7, 7)
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (B, 64, 3, 3)
        nn.Flatten(),
        nn.Linear(576, SIZE),
        nn.ReLU(),
        nn.Linear(SIZE, CLASSES),
    )


def _augmented(images: Stack, kind: int) -> npt.NDArray[np.float32]:
    """Half of the batches mirrored: features should not hang on where a shoe points."""
    turned = images[:, :, ::-1] if kind >= 2 else images
    return np.ascontiguousarray(turned[:, np.newaxis] / np.float32(255))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums depend on the number of threads: with one they are the same on every CPU of a kind."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
