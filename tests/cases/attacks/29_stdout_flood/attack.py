"""Writes as fast as it can to stdout and stderr, from a child too, bytes that are longer when they are shown."""

import os


def attack(world):
    flood = b"\x00\x1b\x07\xff" * 16384
    if os.fork() == 0:
        while True:
            os.write(1, flood)
    for _ in range(300):
        os.write(2, flood)
