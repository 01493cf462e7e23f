import numpy as np


def train(data, out, budget, device, seed):
    np.save(out / "table.npy", data["images"][:20_000].numpy())
