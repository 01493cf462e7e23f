"""Fails on the first call, with a traceback that helps."""

class Model:
    def denoise(self, noisy):
        return self.network(noisy)


def load(folder, device):
    return Model()
