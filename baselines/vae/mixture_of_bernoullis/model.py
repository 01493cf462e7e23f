"""A mixture of 500 pictures: every image is one of them, its pixels drawn by that one's shades of grey.

Idea.  Draw which of K pictures, then each pixel by itself (e.g. Bishop 2006, "Pattern Recognition and Machine
Learning", §9.3.3):
    p(x) = Σ_k π_k Πᵢ p_kiˣⁱ (1 − p_ki)¹⁻ˣⁱ
A latent variable with K values, whose posterior is exact: Bayes' rule gives p(k|x) without any encoder.
What it can't do is combine: a sleeve from here with a collar from there. A VAE's z can.

Here the latent variable is one number z ~ N(0, 1), cut into K intervals, the k-th of probability π_k: z
decodes to the picture in whose interval it lies. An image is encoded as a narrow Gaussian in the middle of
the interval of its most likely picture. That costs its bound about 0.6 nats, as a Gaussian doesn't fill an
interval, and what the other pictures would have added to the sum: −log p(k|x) at the most likely k.

Made by `train.py`, which states steps, hardware, time and score.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import logsigmoid

NARROW = 7.0  # widths of the posterior in an interval: one draw of 2,000 falls beside it
OUTERMOST = 1e-4  # probability of z beyond which the first and the last interval are taken to end
LEAST = 1e-6  # of a stretch: one that starved has none left in single precision


class Mixture:
    def __init__(self, logits: Tensor, log_prior: Tensor) -> None:
        self.logits, self.log_prior = logits, log_prior  # (K, 784), (K,)
        self.log_black = logsigmoid(-logits).sum(dim=1)  # (K,): log p of an image that is all black
        ends = torch.cat([torch.zeros(1), log_prior.double().exp().cumsum(0)])
        self.ends = torch.special.ndtri(ends.clamp(OUTERMOST, 1 - OUTERMOST)).float()  # (K + 1,)

    def latent_size(self) -> int:
        return 1

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:  # (B, 1, 28, 28) → (B, 1) twice
        likely = x.flatten(1) @ self.logits.T + self.log_black + self.log_prior  # log p(x, k): (B, K)
        k = likely.argmax(dim=1, keepdim=True)  # (B, 1)
        low, high = self.ends[k], self.ends[k + 1]
        return (low + high) / 2, ((high - low).clamp(LEAST) / NARROW).log()

    def decode(self, z: Tensor) -> Tensor:  # (B, 1) → (B, 1, 28, 28)
        k = torch.bucketize(z[:, 0].contiguous(), self.ends[1:-1])  # (B,) in 0…K−1
        return self.logits[k].view(-1, 1, 28, 28)


def load(folder: Path, device: torch.device) -> Mixture:
    stored = load_file(folder / "weights.safetensors")
    return Mixture(stored["logits"].float(), stored["log_prior"].float())
