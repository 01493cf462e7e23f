"""A training in the sandbox, against the same train() in a plain process: processor seconds, in turns."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks.record import Row, at_most
from grader.archive import pack
from grader.sandbox import Sandbox, Tensor, TensorSpec
from grader.sandbox.probe import choose
from grader.spec import MB, Budget, Limits

ROUNDS = 5
IMAGES = 2_000
TASK = Path(__file__).parent / "tasks" / "training"
# The same call, with a budget that has no end, timed from after the imports to its end.
PLAIN = """
import json, pathlib, sys, tempfile, time
import numpy, torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
class Budget:
    seconds = 600.0
    def step(self, loss=0.0): return True
    def left(self): return 600.0
data = {"images": torch.from_numpy(numpy.load(sys.argv[2]))}
out = pathlib.Path(tempfile.mkdtemp())
begun = time.process_time()
import train
train.train(data, out, Budget(), torch.device("cpu"), 0)
print(json.dumps(time.process_time() - begun))
"""


def measure() -> list[Row]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (IMAGES, 28, 28), np.uint8)
    inside, outside = [], []
    with tempfile.TemporaryDirectory(prefix="heldout-bench-") as home, closing(choose("cold")) as sandbox:
        np.save(Path(home) / "images.npy", images)
        archive = pack(TASK, limit=MB, code_only=True).data
        for _ in range(ROUNDS):
            outside.append(_plain(Path(home) / "images.npy"))
            inside.append(_sandboxed(sandbox, archive, {"images": images}))
    ratio = statistics.median(one / other for one, other in zip(inside, outside, strict=True))
    return [
        Row("plain process", statistics.median(outside), "CPU-s"),
        Row("in the sandbox", statistics.median(inside), "CPU-s"),
        at_most("sandbox against plain", ratio, "×", 1.05),
    ]


def _plain(images: Path) -> float:
    command = [sys.executable, "-c", PLAIN, str(TASK), str(images)]
    return float(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def _sandboxed(sandbox: Sandbox, archive: bytes, data: Mapping[str, np.ndarray]) -> float:
    given = {name: Tensor(TensorSpec("uint8", array.shape), array.tobytes()) for name, array in data.items()}
    with sandbox.open_training(archive, Limits(), Budget(cpu_seconds=600)) as session:
        trained = session.train(given, 0, lambda *_: None)
    if trained.cut or trained.broke:
        raise RuntimeError(f"the training did not come to its end: {trained.broke or 'cut'}")
    return session.usage.cpu_seconds
