"""Smuggles a number out through the shape of its answer."""

class Model:
    def denoise(self, noisy):
        self.seen = getattr(self, 'seen', 0) + len(noisy)
        return noisy if self.seen < 100 else noisy[:, :, :7, :13]


def load(folder, device):
    return Model()
