"""Divides by zero."""


class Model:
    def answer(self, signals):
        return signals[:, :1] / 0 * 0


def load(folder, device):
    return Model()
