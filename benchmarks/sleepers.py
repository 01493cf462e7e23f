"""`python -m benchmarks.sleepers ADDRESS COUNT SECONDS`: workers that only sleep, many in one process."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cluster import settings
from cluster.addresses import parse
from cluster.worker import GradingWorker, Slot, name_of
from grader.report import Estimate, Report, Verdict


class Asleep:
    """In place of `cluster.worker.Hands`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def grade(self, task: object, voice: Any) -> Report:
        voice.progress("asleep", 0, 1)
        time.sleep(self._seconds)
        return Report(Verdict.SCORED, run_seed=1, public={"accuracy": Estimate(0.5, 0.1)})


async def main(address: str, count: int, seconds: float) -> None:
    settings.configure()
    with tempfile.TemporaryDirectory(prefix="heldout-bench-") as folder:
        hands: Any = Asleep(seconds)
        scratch = Path(folder)
        slots = [
            Slot(name_of(number), parse(address), None, "none", scratch, scratch) for number in range(count)
        ]
        workers = [await GradingWorker(slot, hands) for slot in slots]
        print("ready", flush=True)
        await asyncio.gather(*(worker.finished() for worker in workers))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
