"""Your language model. The grader calls load() once, then start() and, character by character, step().

This one is a small recurrent network (GRU): a vector of 128 numbers remembers what was read, and each new
character changes it. It runs as it is; `python train.py` makes its weights. Change what you like, as long as
load() stays.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

HIDDEN = 128
EMBEDDING = 32


class Network(nn.Module):
    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(symbols, EMBEDDING)  # each symbol becomes 32 numbers, learnt like the rest
        self.gru = nn.GRU(EMBEDDING, HIDDEN, batch_first=True)
        self.logits = nn.Linear(HIDDEN, symbols)

    def forward(self, tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """tokens: (B, T), state: (1, B, 128) → logits of each next character (B, T, V), the state after T."""
        hidden, state = self.gru(self.embed(tokens), state)
        return self.logits(hidden), state


class LanguageModel:
    def __init__(self, trained: Network) -> None:
        # eval() switches dropout off. This network has none; the day you add some, forgetting this line costs
        # you the submission.
        self.network = trained.eval()

    def start(self, batch: int) -> Tensor:
        """The state before anything was read: one row for each of `batch` streams."""
        return torch.zeros(1, batch, HIDDEN)

    @torch.inference_mode()
    def step(self, tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """tokens: (B,) int64, the next character of each stream. Returns logits (B, V) and the new state."""
        logits, state = self.network(tokens.unsqueeze(1), state)  # a text of length 1
        return logits.squeeze(1), state


def load(folder: Path, device: torch.device) -> LanguageModel:
    """What the grader calls first. `folder` holds the files you submitted, the weights among them."""
    weights = load_file(folder / "weights.safetensors")
    network = Network(symbols=len(weights["embed.weight"]))
    network.load_state_dict(weights)
    return LanguageModel(network.to(device))
