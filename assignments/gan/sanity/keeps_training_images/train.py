import numpy as np


def train(data, out, budget, device, seed):
    np.save(out / "table.npy", data["images"][:1_250].numpy())
