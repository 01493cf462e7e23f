"""Ends itself in mid-question by abort(): the first process of a name space then dies of SIGSEGV instead."""

import os


class Model:
    def denoise(self, noisy):
        os.abort()


def load(folder, device):
    return Model()
