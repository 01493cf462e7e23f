"""A small convolutional autoencoder for a fixed number of steps: saves as it goes, as students' code does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

STEPS = 400
SAVE_EVERY = 20


def train(data: Mapping[str, Tensor], out: Path, budget: Any, device: torch.device, seed: int) -> None:
    torch.manual_seed(seed)
    images = data["images"].to(device)  # (N, 28, 28) uint8
    network = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1),  # (B, 16, 14, 14)
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),  # (B, 32, 7, 7)
        nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for step in range(STEPS):
        rows = torch.randint(len(images), (64,))
        x = images[rows].unsqueeze(1).float() / 255
        loss = (network(x) - x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % SAVE_EVERY == 0:
            save_file(network.state_dict(), out / "weights.safetensors")
        if not budget.step(loss.item()):
            break
    save_file(network.state_dict(), out / "weights.safetensors")
