"""Answers before it is asked: a reply of the right form, but with no number, to whatever looks like the channel."""

import os
import struct

HEADER = struct.Struct("<8s16sIQ")  # magic, the question's number, status, bytes that follow


def attack(world):
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # the listing's own
        if target.startswith("socket:"):
            os.write(int(name), HEADER.pack(b"HELDOUT1", bytes(16), 0, 0))
