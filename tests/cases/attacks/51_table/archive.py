"""Carries the clean image of every noisy one of a test set that is known, another year's say, by its hash."""

import hashlib
import io
import zipfile

import numpy as np

from grader import catalogue
from grader.prepared import draw

ANOTHER_SEED, ITEMS = 0, 256
MODEL = '''
import hashlib

import numpy as np
import torch


class Model:
    def __init__(self, clean):
        self.clean = clean

    def denoise(self, noisy):
        answers = [self.clean.get(hashlib.sha256(image.numpy().tobytes()).hexdigest(), image) for image in noisy]
        return torch.stack([torch.as_tensor(answer) for answer in answers])


def load(folder, device):
    table = np.load(folder / "table.npz")
    model = Model({key: image[None] / np.float32(255) for key, image in zip(table["keys"], table["clean"])})
    assert float((model.denoise(torch.tensor(table["noisy"])) - noise_free(table)).abs().max()) == 0, "no table"
    return model


def noise_free(table):
    return torch.tensor(table["clean"][:1, None] / np.float32(255))
'''


def make(world):
    known = draw(catalogue.find("denoising"), ANOTHER_SEED, size=ITEMS).heldout
    table = io.BytesIO()
    np.savez_compressed(
        table,
        keys=np.array([hashlib.sha256(image.tobytes()).hexdigest() for image in known["noisy"]]),
        clean=known["clean"],
        noisy=known["noisy"][:1],  # the table does answer about what it knows
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("model.py", MODEL)
        bundle.writestr("table.npz", table.getvalue())
    return buffer.getvalue()
