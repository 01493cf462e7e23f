"""What is handed in here: models for the short sequences, as small as they can be."""

import io
import zipfile

MODEL = """
import torch

class Model:
    def classify(self, signals):
        return signals.flatten(1)[:, :10] * {scale}

def load(folder, device):
    return Model()
"""
TRAIN = """
import time

def train(data, out, budget, device, seed):
    until = time.monotonic() + {seconds}
    step = 0
    while time.monotonic() < until:
        step += 1
        (out / "step").write_text(str(step))
        budget.step(1.0 / step)
        time.sleep(0.05)
"""
SLOW = """
import time

def load(folder, device):
    time.sleep({seconds})
    return Model()
"""
KILLER = """
import os, signal

def load(folder, device):
    os.kill(os.getppid(), signal.SIGKILL)
"""
CURIOUS = """
import os, socket

def load(folder, device):
    found = [name for name, value in os.environ.items() if "{port}" in value or "{secret}" in value]
    for place, folders, files in os.walk("{root}"):
        if place.startswith(("/proc", "/sys", "/usr", "/opt")):
            folders.clear()
        hexadecimal = [name for name in files if len(name) == 64 and set(name) <= set("0123456789abcdef")]
        ours = hexadecimal + [name for name in files if name in ("ca.pem", "worker.pem", "worker.key")]
        found += [f"{{place}}/{{name}}" for name in ours]
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open(f"/proc/{{number}}/cmdline").read() + open(f"/proc/{{number}}/environ").read()
        except OSError:
            continue
        found += [f"process {{number}}"] * ("{port}" in words or "{secret}" in words)
    for link in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{{link}}")
        except OSError:
            continue
        found += [target] * ("{secret}" in target)
    try:
        socket.create_connection(("127.0.0.1", {port}), timeout=2).close()
        found.append("the scheduler's port")
    except OSError:
        pass
    print("FOUND", sorted(set(found))[:20], flush=True)
    return Model()
"""


def packed(**files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(f"{name}.py", text)
    return made.getvalue()


def plain(scale: float = 1.0) -> bytes:
    return packed(model=MODEL.format(scale=scale))


def slow(seconds: float, scale: float = 1.0) -> bytes:
    return packed(model=MODEL.format(scale=scale) + SLOW.format(seconds=seconds))


def trained(seconds: float) -> bytes:
    return packed(model=MODEL.format(scale=2.0), train=TRAIN.format(seconds=seconds))


def killer() -> bytes:
    return packed(model=MODEL.format(scale=1.0) + KILLER)


def broken() -> bytes:
    return packed(model="raise RuntimeError('my own mistake')")


def curious(port: int, secret: str, root: str = "/") -> bytes:
    looks = CURIOUS.format(port=port, secret=secret, root=root)
    return packed(model=MODEL.format(scale=1.0) + looks)
