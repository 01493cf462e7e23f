"""Leaves a daemon behind: a session of its own, no parent, none of our descriptors."""

import os
import time


def attack(world):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        time.sleep(0.5)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.closerange(0, 256)
    open("/proc/self/comm", "w").write(world["process_name"])
    time.sleep(15)
    os._exit(0)
