"""Imports a package which the runtime doesn't have."""

import keras_denoisers


def load(folder, device):
    return keras_denoisers.load(folder)
