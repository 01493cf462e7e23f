"""A long short-term memory (LSTM) over characters: a memory that is added to, not overwritten.

Idea.  Beside the state h of 256 numbers there is a memory c of as many. Each character x (a vector of 32
learnt numbers) moves gates between 0 and 1 that say what of c is kept, what is put into it, and what of it is
shown (Hochreiter & Schmidhuber 1997; the forget gate by Gers, Schmidhuber & Cummins 2000):
    i = σ(W_i x + U_i h + b_i)          input
    f = σ(W_f x + U_f h + b_f)          forget
    o = σ(W_o x + U_o h + b_o)          output
    g = tanh(W_g x + U_g h + b_g)       new
    c ← f ⊙ c + i ⊙ g
    h ← o ⊙ tanh(c)
The logits of the next character are V h + v. Where f is 1, c passes unchanged, and so does its gradient on
the way back: what vanishes in ../elman is carried here. Hence the forget gate's bias begins at 1
(Jozefowicz, Zaremba & Sutskever 2015), give or take PyTorch's 1/16: of the memory some σ(1) = .73 are kept a
step, and not a half, until something has been learnt about forgetting.

315k parameters. Trained by `train.py`, which states steps, hardware and time.

Score: 1.559 ± .021 bits a character, on the 409,600 held-out characters of course seed 1, after training on
that course's public text. ../gru, which has a gate less, came to 1.437, but after 4,000 steps and
not 3,000, so that the two scores don't say which is better at equal work. At the same rate this one learns
more slowly in its first hundreds of steps, and needs a higher one (`train.py`).
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

# ---------------------------------------------------------------- hyper-parameters

HIDDEN = 256
EMBEDDING = 32

# ---------------------------------------------------------------- the network

State = tuple[Tensor, Tensor]  # h and c, (1, B, 256) each


class Network(nn.Module):
    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(symbols, EMBEDDING)
        self.lstm = nn.LSTM(EMBEDDING, HIDDEN, batch_first=True)
        self.logits = nn.Linear(HIDDEN, symbols)
        # PyTorch lays out i, f, g, o, and adds two biases up: one of them is enough.
        nn.init.zeros_(self.lstm.bias_hh_l0)
        nn.init.ones_(self.lstm.bias_hh_l0.data[HIDDEN : 2 * HIDDEN])

    def forward(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """tokens: (B, T) int64. Returns logits (B, T, V), the new state."""
        hidden, state = self.lstm(self.embed(tokens), state)  # (B, T, 256)
        return self.logits(hidden), state


# ---------------------------------------------------------------- what the grader calls


class LanguageModel:
    def __init__(self, network: Network, device: torch.device) -> None:
        self.network = network.eval()
        self.device = device

    def start(self, batch: int) -> State:
        nothing = torch.zeros(1, batch, HIDDEN, device=self.device)
        return nothing, nothing

    @torch.inference_mode()
    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:  # (B,) → (B, V)
        logits, state = self.network(tokens.unsqueeze(1), state)
        return logits.squeeze(1), state


def load(folder: Path, device: torch.device) -> LanguageModel:
    halves = load_file(folder / "weights.safetensors")  # stored as float16
    network = Network(symbols=len(halves["embed.weight"]))
    network.load_state_dict({name: half.float() for name, half in halves.items()})
    return LanguageModel(network.to(device), device)
