"""Principal components of all training images, and each class's Gaussian among them.

    python train.py DATA [--device cuda]

DATA is a folder with train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz, or the public.npz that
`heldout start` gives.

No steps: one covariance matrix (784, 784) is decomposed, ten of (150, 150): seconds of one CPU core.
"""

import argparse
import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

COMPONENTS = 150
CLASSES = 10


def train(data: Mapping[str, Tensor], out: Path, budget: Any, device: torch.device, seed: int) -> None:
    images = data["images"].to(device).flatten(1).float() / 255  # (N, 784)
    labels = data["labels"].to(device)  # (N,)
    mean = images.mean(dim=0)
    basis = torch.linalg.eigh(torch.cov(images.T))[1].flip(1)[:, :COMPONENTS]  # (784, 150)
    components = (images - mean) @ basis  # (N, 150)
    per_class = [components[labels == y] for y in range(CLASSES)]
    weights = {
        "mean": mean,  # (784,)
        "basis": basis,
        "centres": torch.stack([each.mean(dim=0) for each in per_class]),  # (10, 150)
        "roots": torch.stack([torch.linalg.cholesky(torch.cov(each.T)) for each in per_class]),
    }
    save_file(
        {name: value.half().contiguous() for name, value in weights.items()}, out / "weights.safetensors"
    )


EXPECTED = (
    "the public.npz of `heldout start gan`, or a folder with "
    "train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz"
)


def read_data(source: Path) -> dict[str, Tensor]:  # → images (N, 28, 28) uint8, labels (N,) int64
    if source.suffix == ".npz":
        with np.load(source) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in ("images", "labels")}
    with gzip.open(source / "train-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(source / "train-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)
    return {"images": torch.from_numpy(images.copy()), "labels": torch.from_numpy(labels)}


def by_hand() -> None:
    """Train beside this file, by seed 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", metavar="DATA", type=Path, help=EXPECTED)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.exit(2, "--device cuda: PyTorch finds no GPU here; without it the processor trains\n")
    try:
        data = read_data(given.data)
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        parser.exit(2, f"{given.data} can't be read: {error}; expected {EXPECTED}\n")
    here, device = Path(__file__).parent, torch.device(given.device)
    draft = here / "training.draft"
    draft.mkdir(exist_ok=True)
    train(data, draft, None, device, seed=0)
    for made in draft.iterdir():  # only now are the old weights replaced, each file at once
        made.replace(here / made.name)
    draft.rmdir()


if __name__ == "__main__":
    by_hand()
