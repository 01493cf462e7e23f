"""Answers with a list."""

class Model:
    def denoise(self, noisy):
        return [image for image in noisy]


def load(folder, device):
    return Model()
