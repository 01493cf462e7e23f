"""An honest model that carries an attack: every folder here without a model.py of its own gets this one."""

import json

import attack


class Model:
    def denoise(self, noisy):
        return noisy


def load(folder, device):
    world = json.loads((folder / "world.json").read_text())
    try:
        attack.attack(world)
    except (OSError, AttributeError, ValueError) as error:
        print("stopped:", error)
    return Model()
