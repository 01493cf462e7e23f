"""Notices that an item comes a second time, and answers better then: the second answer must not be the one scored."""


class Model:
    def __init__(self):
        self.seen = {}

    def denoise(self, noisy):
        answers = noisy.clamp(0, 1)
        for image, answer in zip(noisy, answers):
            key = image.numpy().tobytes()
            if key in self.seen:
                answer[:] = (answer + answer.mean()) / 2
            self.seen[key] = True
        return answers


def load(folder, device):
    return Model()
