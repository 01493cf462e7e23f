"""Reads address 0."""

import ctypes


class Model:
    def denoise(self, noisy):
        ctypes.string_at(0)


def load(folder, device):
    return Model()
