"""squeeze() drops the batch dimension of a batch of one."""

class Model:
    def denoise(self, noisy):
        return noisy.clamp(0, 1).squeeze().unsqueeze(-3)


def load(folder, device):
    return Model()
