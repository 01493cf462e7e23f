"""A multilayer perceptron: every sample is weighed by every unit, so it learns places, not patterns.

Idea.  Two hidden layers of ReLUs between the 40 samples and the 10 logits (Rumelhart, Hinton & Williams
1986):
    x (40) → 256 → 256 → 10 logits
With enough units any continuous function can be had (Cybenko 1989 and Hornik, Stinchcombe & White 1989 with
sigmoids, Leshno, Lin, Pinkus & Schocken 1993 with ReLUs, too), so it is well above what weights on samples
alone can do (../logistic). But a digit that begins three samples later falls on other weights, and what was
learnt of it in one place has to be learnt anew in the next; 4,000 signals don't show every digit in every
place. A convolution has that built in (../../../reference_solutions/mnist1d/cnn).

79k parameters. Trained by `train.py`, which states steps, hardware and time.

Score: accuracy .836 ± .007, NLL .501 ± .013 nats on the 10,000 held-out signals of course seed 1, after
training on that course's 4,000; .715 ± .009 when these aren't varied (`SCALE`, `TILT` and `SHIFT` 0 in
`train.py`).
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- hyper-parameters

SAMPLES, HIDDEN, CLASSES = 40, 256, 10

# ---------------------------------------------------------------- the network


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),  # (B, 1, 40) → (B, 40)
        nn.Linear(SAMPLES, HIDDEN),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(HIDDEN, CLASSES),
    )


# ---------------------------------------------------------------- what the grader calls


class Classifier:
    def __init__(self, trained: nn.Sequential) -> None:
        self.network = trained.eval()  # no dropout

    @torch.inference_mode()
    def classify(self, signals: Tensor) -> Tensor:  # (B, 1, 40) → (B, 10)
        return self.network(signals)


def load(folder: Path, device: torch.device) -> Classifier:
    halves = load_file(folder / "weights.safetensors")  # stored as float16
    trained = network()
    trained.load_state_dict({name: half.float() for name, half in halves.items()})
    return Classifier(trained.to(device))
