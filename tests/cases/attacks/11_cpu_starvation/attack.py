"""Works in as many processes as it may have, so that nobody else gets a processor. Seen by a bystander."""

import os
import time

SECONDS, MOST = 2, 200


def attack(world):
    gate, key = os.pipe()
    started = []
    try:
        while len(started) < MOST:
            started.append(os.fork())
            if started[-1] == 0:
                os.close(key)
                os.read(gate, 1)  # until all have been started
                work(world["process_name"])
    except OSError:
        pass
    print("processes:", len(started))
    os.close(key)
    for pid in started:
        os.waitpid(pid, 0)


def work(name):
    open("/proc/self/comm", "w").write(name)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        pass
    os._exit(0)
