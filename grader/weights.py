"""How many numbers a solution's weights are."""

from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path

import numpy as np
from safetensors import safe_open

Shape = Sequence[int]


def count(folder: Path) -> int:
    """Values in all arrays of its .safetensors, .npz and .npy files."""
    found = [path for path in folder.rglob("*") if path.suffix in SHAPES]
    return sum(prod(shape) for path in found for shape in SHAPES[path.suffix](path))


def _safetensors(path: Path) -> Sequence[Shape]:
    with safe_open(path, "np") as file:
        return [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118 — it is no dict


def _npz(path: Path) -> Sequence[Shape]:
    with np.load(path, allow_pickle=False) as arrays:
        return [each.shape for each in arrays.values()]


def _npy(path: Path) -> Sequence[Shape]:
    return [np.load(path, mmap_mode="r", allow_pickle=False).shape]


SHAPES: dict[str, Callable[[Path], Sequence[Shape]]] = {
    ".safetensors": _safetensors,
    ".npz": _npz,
    ".npy": _npy,
}
