"""Its answer depends on how often it was asked."""

class Model:
    def denoise(self, noisy):
        self.calls = getattr(self, 'calls', 0) + 1
        return (noisy + 0.01 * self.calls).clamp(0, 1)


def load(folder, device):
    return Model()
