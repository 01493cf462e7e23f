"""Gives its process a name that is no UTF-8, and that looks like a line of /proc/PID/status."""

import ctypes


class Model:
    def denoise(self, noisy):
        return noisy.clamp(0, 1)


def load(folder, device):
    ctypes.CDLL(None).prctl(15, b"\xff\x0cVmHWM: x", 0, 0, 0)
    return Model()
