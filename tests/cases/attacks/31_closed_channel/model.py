"""Closes every descriptor, the channel among them, and goes on living."""

import os
import time


class Model:
    def denoise(self, noisy):
        os.closerange(0, 256)
        time.sleep(1_000)


def load(folder, device):
    return Model()
