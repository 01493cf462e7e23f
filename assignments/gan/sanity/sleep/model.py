"""Takes a minute a batch."""

import time


class Model:
    def latent_size(self):
        return 16

    def generate(self, z):
        time.sleep(60)
        return z


def load(folder, device):
    return Model()
