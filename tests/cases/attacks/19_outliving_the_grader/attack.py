"""Children that ignore every signal, keep the channel open and wait until the grader is gone."""

import os
import signal
import time


def attack(world):
    for _ in range(5):
        if os.fork() == 0:
            for number in range(1, signal.NSIG):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            open("/proc/self/comm", "w").write(world["process_name"])
            for _ in range(15):
                time.sleep(1)
            os._exit(0)
    time.sleep(0.5)
