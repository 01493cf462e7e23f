"""Bits kept by what sandboxes may share: a hint on an inode, an owner and a signal on an open file."""

import fcntl
import os
import signal
import struct

F_SETSIG, F_GETSIG, F_GET_RW_HINT, F_SET_RW_HINT = 10, 11, 1035, 1036
WAYS = {
    "a hint": lambda file: fcntl.fcntl(file, F_SET_RW_HINT, struct.pack("Q", 4)),
    "sight of a hint": lambda file: fcntl.fcntl(file, F_GET_RW_HINT, bytes(8)),
    "an owner": lambda file: fcntl.fcntl(file, fcntl.F_SETOWN, os.getpid()),
    "a signal": lambda file: fcntl.fcntl(file, F_SETSIG, signal.SIGUSR1),
    "sight of a signal": lambda file: fcntl.fcntl(file, F_GETSIG),
    "sight of a lease": lambda file: fcntl.fcntl(file, fcntl.F_GETLEASE),
}


def attack(world):
    for path in ("/", "/python", "/lib/libc.so.6", "/dev/null"):
        file = os.open(path, os.O_RDONLY)
        for name, leave in WAYS.items():
            try:
                leave(file)
                print("GOT", name, "on", path)
            except OSError as error:
                print("stopped:", name, error)
