"""The mean of a hundred images of each class."""

import numpy as np


def build(folder, public):
    images, labels = public["images"], public["labels"]
    np.save(folder / "images.npy", np.stack([images[labels == y][:100].mean(0) for y in range(10)]).round())
