"""The frequency at which the periodogram is largest: the maximum-likelihood estimate, but for small terms.

Idea.  The likelihood of one sine in white noise is largest about where |X(f)|² is, X being the Fourier
transform of the samples (Rife & Boorstyn 1974, "Single-tone parameter estimation from discrete-time
observations", for complex waves). The samples are padded with zeros to see X between the 32 frequencies that
64 samples have, and a parabola through the largest value and its two neighbours finds the peak between
grid points. In float64, so that two near-equal peaks are told apart the same way in every batch.

No weights: nothing is learnt. `train.py` says so.

Score: MAE 0.0405 ± 0.0006 cycles on the 10,000 held-out signals of a course; one at the Cramér-Rao bound
would have 0.039. Half a second of one CPU core for all of them.

To change: the best that you know how to do, in one file that reads from top to bottom.
"""

from pathlib import Path

import torch
from torch import Tensor

# ---------------------------------------------------------------- hyper-parameters

SAMPLES = 64
LOWEST, HIGHEST = 4, 28  # cycles; nothing outside is asked about
FINER = 16  # grid points for each of the Fourier frequencies

# ---------------------------------------------------------------- what the grader calls


class Periodogram:
    def answer(self, signals: Tensor) -> Tensor:  # (B, 64) → (B, 1)
        power = torch.fft.rfft(signals.double(), n=FINER * SAMPLES).abs().square()  # (B, 513)
        first, last = FINER * LOWEST, FINER * HIGHEST
        peak = first + power[:, first : last + 1].argmax(dim=1, keepdim=True)  # (B, 1)
        before, at, after = (power.gather(1, peak + step) for step in (-1, 0, 1))
        offset = 0.5 * (before - after) / (before - 2 * at + after).clamp(max=-1e-12)
        return ((peak + offset.clamp(-0.5, 0.5)) / FINER).clamp(LOWEST, HIGHEST).float()


def load(folder: Path, device: torch.device) -> Periodogram:
    return Periodogram()
