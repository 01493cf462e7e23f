"""A segmentation fault with images inside."""

import ctypes


class Model:
    def denoise(self, noisy):
        ctypes.string_at(0)
        return noisy


def load(folder, device):
    return Model()
