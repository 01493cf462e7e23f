"""A process of the grader's user that attacks aim at; it says so when they take its processor away.

`python bystander.py MARK NAME SECRET`: another secret, for its memory, is the first line of input; it ends
with its input. NAME is what the processes of an attack are called: slow for other reasons doesn't count.
"""

import ctypes
import os
import select
import sys
import time
from contextlib import suppress
from pathlib import Path

PR_SET_PTRACER = 0x59616D61
BURST_SECONDS = 0.01  # of work, every
LOOK_SECONDS = 0.2
STARVED = 10.0  # times as slow as alone; a busy machine of two cores makes it two or three


def main(name: str) -> None:
    memory = sys.stdin.readline().encode()  # held for as long as this runs
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)  # as on a machine without Yama
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], LOOK_SECONDS)[0]:
        slower = burst()
        if slower > STARVED and named(name):
            print(f"starved: work took {slower:.0f} times as long", flush=True)
    del memory


def burst() -> float:
    started, worked = time.monotonic(), time.process_time()
    while time.process_time() - worked < BURST_SECONDS:
        pass
    return (time.monotonic() - started) / BURST_SECONDS


def named(name: str) -> bool:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text().strip() == name:
                return True
    return False


if __name__ == "__main__":
    main(sys.argv[2])
