"""Principal components of the clean training images: all that model.py needs to know.

    python train.py DATA [--device cuda]

DATA is a folder with train-images-idx3-ubyte.gz, or the public.npz that `heldout start` gives.

No steps and no noise: the covariance matrix (784, 784) is computed once and decomposed. Seconds of one CPU
core.
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

SIGMA = 0.5  # of the noise


def train(data: Mapping[str, Tensor], out: Path, budget: Any, device: torch.device, seed: int) -> None:
    images = data["images"].to(device).flatten(1).float() / 255  # (N, 784)
    values, vectors = torch.linalg.eigh(torch.cov(images.T))  # ascending
    weights = {
        "mean": images.mean(dim=0),  # (784,)
        "directions": vectors[:, values > SIGMA**2].flip(1),  # (784, k)
    }
    save_file(
        {name: value.half().contiguous() for name, value in weights.items()}, out / "weights.safetensors"
    )


EXPECTED = "the public.npz of `heldout start denoising`, or a folder with train-images-idx3-ubyte.gz"


def read_data(source: Path) -> dict[str, Tensor]:  # → images (N, 28, 28) uint8
    if source.suffix == ".npz":
        with np.load(source) as arrays:
            return {"images": torch.from_numpy(arrays["images"])}
    with gzip.open(source / "train-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16)
    return {"images": torch.from_numpy(pixels.reshape(-1, 28, 28).copy())}


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
