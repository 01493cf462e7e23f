"""The noisy image itself, clipped: the honest answer that hostile cases are compared with."""

class Model:
    def denoise(self, noisy):
        return noisy.clamp(0, 1)


def load(folder, device):
    return Model()
