"""Fails only when it sees many images: the reason is fixed, the message carries nothing."""

class Model:
    def denoise(self, noisy):
        self.seen = getattr(self, 'seen', 0) + len(noisy)
        if self.seen > 100:
            raise ValueError(f'pixel {noisy[0, 0, 0, 0]:.9f} of a held-out image')
        return noisy.clamp(0, 1)


def load(folder, device):
    return Model()
