"""Spreads its code over modules of its own."""

from parts.clip import clip


class Model:
    def denoise(self, noisy):
        return clip(noisy)


def load(folder, device):
    assert (folder / 'parts').is_dir()
    return Model()
