"""Answers with flat vectors."""

class Model:
    def denoise(self, noisy):
        return noisy.reshape(len(noisy), -1)


def load(folder, device):
    return Model()
