"""Answers with a flat vector."""


class Model:
    def answer(self, signals):
        return signals[:, 0]


def load(folder, device):
    return Model()
