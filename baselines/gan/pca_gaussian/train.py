"""Mean and principal components of the training images: all that the Gaussian of model.py needs to know.

    python train.py DATA

DATA is a folder with train-images-idx3-ubyte.gz, or the public.npz that `heldout start` gives.

No steps: the covariance matrix (784, 784) is computed once and decomposed: seconds of one CPU core.
"""

import gzip
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

COMPONENTS = 200  # of 784; latent sizes go up to 256


def train(data: Mapping[str, Tensor], out: Path, budget: Any, device: torch.device, seed: int) -> None:
    images = data["images"].to(device).flatten(1).float() / 255  # (N, 784)
    values, vectors = torch.linalg.eigh(torch.cov(images.T))  # ascending
    weights = {
        "mean": images.mean(dim=0),  # (784,)
        "directions": (vectors * values.clamp(min=0).sqrt()).flip(1)[:, :COMPONENTS],  # (784, 200)
    }
    save_file(
        {name: value.half().contiguous() for name, value in weights.items()}, out / "weights.safetensors"
    )


def read_images(source: Path) -> Tensor:  # → (N, 28, 28) uint8
    if source.suffix == ".npz":
        return torch.from_numpy(np.load(source)["images"])
    with gzip.open(source / "train-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16)
    return torch.from_numpy(pixels.reshape(-1, 28, 28).copy())


if __name__ == "__main__":
    train(
        {"images": read_images(Path(sys.argv[1]))}, Path(__file__).parent, None, torch.device("cpu"), seed=0
    )
