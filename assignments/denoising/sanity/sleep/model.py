"""Takes a minute an image."""

import time


class Model:
    def denoise(self, noisy):
        time.sleep(60)
        return noisy


def load(folder, device):
    return Model()
