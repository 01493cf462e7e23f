"""Fast enough on the public examples, far too slow on the rest."""

import time


class Model:
    def denoise(self, noisy):
        time.sleep(0.02 * len(noisy))
        return noisy.clamp(0, 1)


def load(folder, device):
    return Model()
