"""As many threads and processes as the limit lets live, each of them asleep in the kernel as deep as it can."""

import os
import threading
import time


def attack(world):
    reading, _ = os.pipe()
    child = os.fork()
    try:
        while True:
            threading.Thread(target=os.read, args=(reading, 1), daemon=True).start()
    except RuntimeError as error:
        print("stopped:", error, flush=True)
    if child == 0:
        time.sleep(1_000)
    for _ in range(100):
        try:
            if os.fork() == 0:
                time.sleep(1_000)
        except OSError as error:
            print("stopped:", error)
            return
