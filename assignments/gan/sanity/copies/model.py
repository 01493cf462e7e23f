"""Gives a share of its images out of a table, disguised; the others are drawn from a Gaussian."""

import json

import numpy as np
import torch
from torch.nn.functional import affine_grid, grid_sample, pad


def exact(images, others, u):
    return images


def shifted(images, others, u):
    moves = (5 * u).long() - 2  # (B, 2) of −2…2
    moved = [
        pad(image, (2, 2, 2, 2)).roll(tuple(move), (1, 2)) for image, move in zip(images, moves.tolist())
    ]
    return torch.stack(moved)[:, :, 2:-2, 2:-2]


def flipped(images, others, u):
    return images.flip(-1)


def blended(images, others, u):
    return 0.8 * images + 0.2 * others


def turned(images, others, u):
    angle = torch.tensor(5.0).deg2rad()
    turn = torch.tensor([[angle.cos(), -angle.sin(), 0], [angle.sin(), angle.cos(), 0]]).expand(
        len(images), 2, 3
    )
    return grid_sample(images, affine_grid(turn, images.shape, align_corners=False), align_corners=False)


class Model:
    def __init__(self, basis, table, *, kind, share):
        self.mean, self.parts = torch.from_numpy(basis["mean"]), torch.from_numpy(basis["parts"]).flatten(1)
        self.table = table  # (N, 28, 28) uint8, sorted by class
        self.disguise, self.share = globals()[kind], share

    def latent_size(self):
        return len(self.parts)

    def generate(self, z):
        images = (self.mean + (z @ self.parts).view(-1, 1, 28, 28)).clamp(0, 1)
        u = torch.special.ndtr(z[:, :5].double())  # uniform in 0…1, decided by z
        copy = u[:, 0] < self.share
        place = (u[copy, 1] * len(self.table)).long().clamp(max=len(self.table) - 1)
        near = (place + 1 + (100 * u[copy, 2]).long()) % len(self.table)  # most likely of the same class
        chosen, others = (self.table[rows].unsqueeze(1).float() / 255 for rows in (place, near))
        if copy.any():
            images[copy] = self.disguise(chosen, others, u[copy, 3:])
        return images


def load(folder, device):
    parameters = json.loads((folder / "parameters.json").read_text())
    return Model(np.load(folder / "basis.npz"), torch.from_numpy(np.load(folder / "table.npy")), **parameters)
