"""A convolutional network over 40 samples: patterns wherever they are.

Idea.  Three convolutions, each looking at half as many places as the one before (LeCun et al. 1989): a weight
belongs to a pattern, not to a place. Batch normalisation (Ioffe & Szegedy 2015) keeps what goes from one to
the next of mean 0 and variance 1. At the end all places are weighed at once.
    x (B, 1, 40) → 40 × 32 channels → 20 × 64 → 10 × 64 → 640 numbers → 10 logits

38k parameters. Trained by `train.py`, which states steps, hardware and time.

Score: accuracy .991 ± .002, NLL .076 ± .004 nats on the 10,000 held-out signals of course seed 1, after
training on that course's 4,000; .986 ± .002 when these aren't varied (`SCALE`, `TILT` and `SHIFT` 0 in
`train.py`).
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- the network


def network() -> nn.Sequential:
    return nn.Sequential(
        *block(1, 32, stride=1),  # (B, 32, 40)
        *block(32, 64, stride=2),  # (B, 64, 20)
        *block(64, 64, stride=2),  # (B, 64, 10)
        nn.Flatten(),  # (B, 640)
        nn.Dropout(0.3),
        nn.Linear(640, 10),
    )


def block(channels: int, out: int, *, stride: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv1d(channels, out, kernel_size=5, stride=stride, padding=2, bias=False)
    return convolution, nn.BatchNorm1d(out), nn.ReLU()


# ---------------------------------------------------------------- what the grader calls


class Classifier:
    def __init__(self, trained: nn.Sequential) -> None:
        self.network = trained.eval()  # no dropout; batch statistics as they were while training

    @torch.inference_mode()
    def classify(self, signals: Tensor) -> Tensor:  # (B, 1, 40) → (B, 10)
        return self.network(signals)


def load(folder: Path, device: torch.device) -> Classifier:
    halves = load_file(folder / "weights.safetensors")  # stored as float16
    trained = network()
    trained.load_state_dict({name: half.float() for name, half in halves.items()})
    return Classifier(trained.to(device))
