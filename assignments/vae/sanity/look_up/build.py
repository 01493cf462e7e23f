"""All 70,000 images of the public data set, small enough for the archive."""

import numpy as np

from grader.datasets import fashion_mnist


def build(folder, public):
    images = fashion_mnist().images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    np.savez_compressed(folder / "table.npz", images=images.round().astype(np.uint8))
