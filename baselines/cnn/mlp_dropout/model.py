"""A multilayer perceptron that can't rely on any one of its units: dropout.

Idea.  Two hidden layers of rectified units on the 784 pixels, with far more weights than 5,000 labels can
settle. While it is trained, each unit is left out with probability p at each step, and the others are
enlarged to make up for it:
    h' = m ⊙ h / (1 − p),   m ~ Bernoulli(1 − p)
(Srivastava et al. 2014; p = 0.5, and 0.2 for pixels, as proposed there). What a unit does must help whichever
others are present. When it is asked nothing is left out, which approximates the mean over all the networks
that were drawn. It still doesn't know which pixels are neighbours: that is what convolutions are for.

396k parameters. Trained by `train.py`, which states steps, hardware, time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- hyper-parameters

WIDTHS = (400, 200)
DROPPED_PIXELS, DROPPED = 0.2, 0.5
CLASSES = 10

# ---------------------------------------------------------------- the network


def classifier() -> nn.Sequential:
    first, second = WIDTHS
    return nn.Sequential(
        nn.Flatten(),  # (B, 1, 28, 28) → (B, 784)
        nn.Dropout(DROPPED_PIXELS),
        nn.Linear(784, first),
        nn.ReLU(),
        nn.Dropout(DROPPED),
        nn.Linear(first, second),
        nn.ReLU(),
        nn.Dropout(DROPPED),
        nn.Linear(second, CLASSES),  # (B, 10)
    )


# ---------------------------------------------------------------- what the grader calls


class Classifier:
    def __init__(self, network: nn.Sequential) -> None:
        self.network = network.eval()  # nothing is left out

    @torch.inference_mode()
    def classify(self, images: Tensor) -> Tensor:  # (B, 1, 28, 28) → (B, 10)
        logits: Tensor = self.network(images)
        return logits

    @torch.inference_mode()
    def filters(self) -> Tensor:  # (16, 28, 28): what the first hidden units look for
        weight = next(self.network.parameters())  # (400, 784)
        return weight[:16].reshape(16, 28, 28)


def load(folder: Path, device: torch.device) -> Classifier:
    network = classifier()
    stored = load_file(folder / "weights.safetensors")  # as float16
    network.load_state_dict({name: value.float() for name, value in stored.items()})
    return Classifier(network.to(device))
