"""Forgets load()."""

class Model:
    def denoise(self, noisy):
        return noisy
