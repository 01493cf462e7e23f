"""A bit from one sandbox to the next: a lock on a file of the system that both have, of each kind there is."""

import fcntl
import json
import os
import struct

OFD_SETLK = 37
READ_LOCK = struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0)
WAYS = {
    "flock": lambda file: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB),
    "flock, shared": lambda file: fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB),
    "a record lock": lambda file: fcntl.fcntl(file, fcntl.F_SETLK, READ_LOCK),
    "a lock of the open file": lambda file: fcntl.fcntl(file, OFD_SETLK, READ_LOCK),
    "a lease": lambda file: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK),
    "a folder watch": lambda file: fcntl.fcntl(file, fcntl.F_NOTIFY, 1),
}


def attack(world):
    loaded = [line.split()[-1] for line in open("/proc/self/maps")]
    library = next(path for path in loaded if os.path.basename(path).startswith("libc.so"))
    for path in (library, json.__file__):
        with open(path, "rb") as file:
            for name, lock in WAYS.items():
                try:
                    lock(file)
                    print("GOT", name, "on", path)
                except BlockingIOError:
                    print("GOT a bit: somebody holds a lock on", path)
                except OSError as error:
                    print("stopped:", name, error)
    for line in open("/proc/locks"):
        print("GOT sight of", line)
