"""Prints what it would like to get; scored like the honest one."""

class Model:
    def denoise(self, noisy):
        print('SCORE: 100', flush=True)
        print('{"psnr": 100.0}', flush=True)
        return noisy.clamp(0, 1)


def load(folder, device):
    return Model()
