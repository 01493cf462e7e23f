"""A numpy exercise: softmax, row by row."""

import numpy as np


class Model:
    def predict(self, x):
        x = np.asarray(x, np.float32)
        exponentials = np.exp(x - x.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)


def load(folder, device):
    return Model()
