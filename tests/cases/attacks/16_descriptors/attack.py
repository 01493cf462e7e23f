"""Opens up to 10,000 descriptors, and parks more of them in messages that nobody reads."""

import os
import socket

MOST = 256


def attack(world):
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    parked = opened = 0
    try:
        while parked < 10_000:
            socket.send_fds(sender, [b"x"], [0] * 100)
            parked += 100
    except OSError as error:
        print("stopped:", parked, error)
    kept = []
    try:
        while opened < 10_000:
            kept.append(os.open("/", os.O_RDONLY))
            opened += 1
    except OSError as error:
        print("stopped:", opened, error)
    for descriptor in kept:
        os.close(descriptor)
    if opened > MOST or parked > 2 * MOST:
        print("GOT", opened, "descriptors and", parked, "in messages")
