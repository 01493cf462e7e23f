"""The mean image and 255 others less the mean: a sample of how clothes vary."""

import numpy as np


def build(folder, public):
    images = public["images"][:256] / np.float32(255)
    np.savez(folder / "basis.npz", mean=images.mean(0), parts=(images - images.mean(0)) / 16)
