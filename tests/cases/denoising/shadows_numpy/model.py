"""Ships a numpy.py of its own: only its own imports could meet it."""

class Model:
    def denoise(self, noisy):
        return noisy.clamp(0, 1)


def load(folder, device):
    return Model()
