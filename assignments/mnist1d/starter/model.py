"""Your classifier. The grader calls load() once and then classify() with batches of signals.

This one is a small network of two layers that sees the 40 samples as 40 unrelated numbers. It runs as it is;
`python train.py` makes its weights. Change what you like, as long as load() stays.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

CLASSES = 10


def network() -> nn.Sequential:
    """A multi-layer perceptron: (B, 1, 40) → (B, 10)."""
    return nn.Sequential(
        nn.Flatten(),  # (B, 40)
        nn.Linear(40, 100),
        nn.ReLU(),
        nn.Linear(100, 100),
        nn.ReLU(),
        nn.Linear(100, CLASSES),
    )


class Classifier:
    def __init__(self, trained: nn.Sequential) -> None:
        # eval() switches dropout and batch normalisation to the way they should behave at test time. This
        # network has neither; the day you add one, forgetting this line costs you the submission.
        self.network = trained.eval()

    @torch.inference_mode()
    def classify(self, signals: Tensor) -> Tensor:
        """signals: (B, 1, 40) float32, for any B. Returns logits (B, 10): no softmax."""
        return self.network(signals)


def load(folder: Path, device: torch.device) -> Classifier:
    """What the grader calls first. `folder` holds the files you submitted, the weights among them."""
    trained = network()
    trained.load_state_dict(load_file(folder / "weights.safetensors"))
    return Classifier(trained.to(device))
