"""A segmentation fault with signals inside."""

import ctypes


class Model:
    def answer(self, signals):
        ctypes.string_at(0)
        return signals[:, :1]


def load(folder, device):
    return Model()
