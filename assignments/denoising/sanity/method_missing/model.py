"""The method has another name."""

class Model:
    def predict(self, noisy):
        return noisy


def load(folder, device):
    return Model()
