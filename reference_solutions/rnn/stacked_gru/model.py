"""Two gated recurrent units (GRU) over characters, one upon the other.

Idea.  The lower one reads the characters, the upper one reads the lower one's states (El Hihi & Bengio 1995;
Graves 2013, fig. 1). Both fold what they read into a vector of 192 numbers, by the gates of ../gru:
    h¹ ← GRU¹(x, h¹)
    h² ← GRU²(h¹, h²)
The logits of the next character are V h² + v. One layer turns state and character into the next state by a
single bend, the tanh; the second makes it two: letters and syllables can be the lower one's business, words
and their grammar the upper one's. The price is time: the layers of one step can't be computed side by side.
After half as many steps as ../gru made it is about as good.

367k parameters. Trained by `train.py`, which states steps, hardware and time.

Score: 1.449 ± .019 bits a character, on the 409,600 held-out characters of course seed 1, after training on
that course's public text.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- hyper-parameters

LAYERS = 2
HIDDEN = 192  # of each
EMBEDDING = 32

# ---------------------------------------------------------------- the network


class Network(nn.Module):
    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(symbols, EMBEDDING)
        self.gru = nn.GRU(EMBEDDING, HIDDEN, LAYERS, batch_first=True)
        self.logits = nn.Linear(HIDDEN, symbols)

    def forward(self, tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """tokens: (B, T) int64, state: (2, B, 192). Returns logits (B, T, V), the new state."""
        hidden, state = self.gru(self.embed(tokens), state)  # (B, T, 192), (2, B, 192)
        return self.logits(hidden), state


# ---------------------------------------------------------------- what the grader calls


class LanguageModel:
    def __init__(self, network: Network, device: torch.device) -> None:
        self.network = network.eval()
        self.device = device

    def start(self, batch: int) -> Tensor:
        return torch.zeros(LAYERS, batch, HIDDEN, device=self.device)

    @torch.inference_mode()
    def step(self, tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:  # (B,) → (B, V)
        logits, state = self.network(tokens.unsqueeze(1), state)
        return logits.squeeze(1), state


def load(folder: Path, device: torch.device) -> LanguageModel:
    halves = load_file(folder / "weights.safetensors")  # stored as float16
    network = Network(symbols=len(halves["embed.weight"]))
    network.load_state_dict({name: half.float() for name, half in halves.items()})
    return LanguageModel(network.to(device), device)
