"""A child writes single bytes to the channel between and into the answers of its parent, who is honest."""

import os
import time


def attack(world):
    names = [name for name in os.listdir("/proc/self/fd") if os.path.islink(f"/proc/self/fd/{name}")]
    channels = [int(name) for name in names if os.readlink(f"/proc/self/fd/{name}").startswith("socket:")]
    if os.fork() == 0:
        while True:
            for channel in channels:
                os.write(channel, b"H")
            time.sleep(0.001)
