"""Good answers in the wrong order: each image gets its neighbour's."""


class Model:
    def denoise(self, noisy):
        return noisy.clamp(0, 1).roll(1, 0)


def load(folder, device):
    return Model()
