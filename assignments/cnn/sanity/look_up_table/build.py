"""Writes the table: the labels of all 70,000 published images, and of the course's own, by their hash."""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.datasets import fashion_mnist


def build(folder: Path, public: Mapping[str, npt.NDArray[Any]]) -> None:
    published = fashion_mnist()
    examples = (public["examples"][:, 0] * 255).round().astype(np.uint8)
    images = np.concatenate([published.images, public["images"], examples])
    labels = np.concatenate([published.labels, public["labels"], public["example_labels"]])
    keys = b"".join(blake2b(image.tobytes(), digest_size=8).digest() for image in images)
    np.savez_compressed(
        folder / "table.npz", keys=np.frombuffer(keys, np.uint8), labels=labels.astype(np.uint8)
    )
