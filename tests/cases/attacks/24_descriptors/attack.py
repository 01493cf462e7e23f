"""Reads every descriptor that was open before it came, and names what shouldn't be there."""

import os


def attack(world):
    for descriptor in range(3, 256):
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue
        if not target.startswith(("socket:", "/proc/")):  # the channel; this list itself
            print("GOT", descriptor, target)
        try:
            print(os.pread(descriptor, 1000, 0))
        except OSError:
            pass  # not a file
