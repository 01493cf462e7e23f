"""Takes a minute a batch."""

import time


class Model:
    def answer(self, signals):
        time.sleep(60)
        return signals[:, :1]


def load(folder, device):
    return Model()
