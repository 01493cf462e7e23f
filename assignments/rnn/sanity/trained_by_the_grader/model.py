"""Frequencies of pairs of symbols, counted by the grader's run of train.py."""

import torch


class Bigram:
    def __init__(self, log_probability):
        self.log_probability = log_probability

    def start(self, batch):
        return None

    def step(self, tokens, state):
        return self.log_probability[tokens], None


def load(folder, device):
    return Bigram(torch.load(folder / "bigrams.pt"))
