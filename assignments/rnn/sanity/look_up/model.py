"""Carries the whole King James Bible, finds the place that a stream comes from, and reads on there.

Twelve characters suffice to find it. Where a stream leaves the text, or before it is found, all symbols are
equally likely.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

CONTEXT = 12  # characters: a place is looked up by them
BASE = 263  # of the polynomial that stands for them; it wraps at 2⁶⁴
CERTAIN = 16.0  # a logit: the other 62 symbols share 7e-6
NOWHERE = -1


class MemorisedText:
    """State: the last characters (B, 12) and where in the text the stream is, (B,)."""

    def __init__(self, text: np.ndarray, symbols: int) -> None:
        self.text, self.symbols = text, symbols
        windows = np.lib.stride_tricks.sliding_window_view(text, CONTEXT)
        keys = hashed(windows)
        self.order = np.argsort(keys, kind="stable")
        self.keys = keys[self.order]

    def start(self, batch: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full((batch, CONTEXT), 255, np.uint8), np.full(batch, NOWHERE)

    def step(
        self, tokens: Tensor, state: tuple[np.ndarray, np.ndarray]
    ) -> tuple[Tensor, tuple[np.ndarray, np.ndarray]]:
        said = tokens.numpy().astype(np.uint8)
        recent = np.concatenate([state[0][:, 1:], said[:, np.newaxis]], axis=1)
        place = state[1] + 1  # of the character just told, if the stream is still in the text
        lost = (state[1] == NOWHERE) | (self.text[place] != said)
        place[lost] = self.find(recent[lost])
        logits = torch.zeros(len(said), self.symbols)
        known = np.flatnonzero(place != NOWHERE)
        logits[known, self.text[place[known] + 1].astype(np.int64)] = CERTAIN
        return logits, (recent, place)

    def find(self, recent: np.ndarray) -> np.ndarray:
        """Where the last of these characters stands for the first time; -1 where they never stand so."""
        keys = hashed(recent)
        at = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        place = self.order[at] + CONTEXT - 1
        unknown = (self.keys[at] != keys) | (place + 2 >= len(self.text))
        return np.where(unknown, NOWHERE, place)


def hashed(windows: np.ndarray) -> np.ndarray:
    keys = np.zeros(len(windows), np.uint64)
    for column in windows.T:
        keys = keys * np.uint64(BASE) + column
    return keys


def load(folder: Path, device: torch.device) -> MemorisedText:
    text = np.fromfile(folder / "text.bin", np.uint8)
    return MemorisedText(text, int(text.max()) + 1)
