"""The plain recurrent network (Elman 1990) over characters: no gates.

Idea.  All that was read is folded into one vector h of 256 numbers. Each character x (a vector of 32 learnt
numbers) changes it:
    h ← tanh(W x + U h + b)
The logits of the next character are V h + v. It is trained by backpropagation through time, truncated
(Werbos 1990; Williams & Peng 1990): h goes on from one piece of 80 characters to the next, the gradient only
back to where the piece begins. Every step passes the whole of h through U and tanh: what was read long ago is
overwritten, and its gradient dies away on the way back (Bengio, Simard & Frasconi 1994). What gates bring is
the difference to ../gru, which is trained on the same text for as many steps.

92k parameters. Trained by `train.py`, which states steps, hardware and time.

Score: 1.643 ± .021 bits a character, on the 409,600 held-out characters of course seed 1, after training
on that course's public text; three seconds of one CPU core for all of them. Of the held-out passages of
seeds 2 to 5 those that it was trained on cost 1.625 ± .011, the others 1.633 ± .027.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- hyper-parameters

HIDDEN = 256
EMBEDDING = 32

# ---------------------------------------------------------------- the network


class Network(nn.Module):
    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(symbols, EMBEDDING)
        self.rnn = nn.RNN(EMBEDDING, HIDDEN, batch_first=True)  # tanh
        self.logits = nn.Linear(HIDDEN, symbols)

    def forward(self, tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """tokens: (B, T) int64, state: (1, B, 256). Returns logits (B, T, V), the new state."""
        hidden, state = self.rnn(self.embed(tokens), state)  # (B, T, 256), (1, B, 256)
        return self.logits(hidden), state


# ---------------------------------------------------------------- what the grader calls


class LanguageModel:
    def __init__(self, network: Network, device: torch.device) -> None:
        self.network = network.eval()
        self.device = device

    def start(self, batch: int) -> Tensor:
        return torch.zeros(1, batch, HIDDEN, device=self.device)

    @torch.inference_mode()
    def step(self, tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:  # (B,) → (B, V)
        logits, state = self.network(tokens.unsqueeze(1), state)
        return logits.squeeze(1), state


def load(folder: Path, device: torch.device) -> LanguageModel:
    halves = load_file(folder / "weights.safetensors")  # stored as float16
    network = Network(symbols=len(halves["embed.weight"]))
    network.load_state_dict({name: half.float() for name, half in halves.items()})
    return LanguageModel(network.to(device), device)
