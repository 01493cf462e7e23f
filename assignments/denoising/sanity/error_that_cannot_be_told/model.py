"""Raises an error whose text raises in turn, and closes its output."""

import sys


class Untold(Exception):
    def __str__(self):
        raise SystemExit(0)


class Model:
    def denoise(self, noisy):
        sys.stdout.close()
        sys.stderr = None
        raise Untold()


def load(folder, device):
    return Model()
