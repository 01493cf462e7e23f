"""Divides by zero."""

class Model:
    def denoise(self, noisy):
        return noisy / 0 * 0


def load(folder, device):
    return Model()
