"""One of 1,250 training images, chosen by z, its pixels pushed about by a smooth random field."""

import numpy as np
import torch
from torch.nn.functional import grid_sample, interpolate

GRID, PUSH = 9, 0.6  # points along a side; pixels, root mean square


class Elastic:
    def __init__(self, table):
        self.table = table  # (1250, 28, 28) uint8

    def latent_size(self):
        return 1 + 2 * GRID * GRID

    def generate(self, z):
        chosen = (torch.special.ndtr(z[:, 0].double()) * len(self.table)).long().clamp(max=len(self.table) - 1)
        images = self.table[chosen].float().unsqueeze(1) / 255
        field = z[:, 1:].view(-1, 2, GRID, GRID)
        field = interpolate(field, size=(28, 28), mode="bicubic", align_corners=True)
        field = field / field.std((2, 3), keepdim=True) * PUSH
        row, column = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
        place = torch.stack([column + field[:, 0], row + field[:, 1]], -1) / 27 * 2 - 1
        return grid_sample(images, place, mode="bicubic", align_corners=True).clamp(0, 1)


def load(folder, device):
    return Elastic(torch.from_numpy(np.load(folder / "table.npy")))
