"""Attaches a segment of System V shared memory that every user of the machine may read."""

import ctypes
import os

SHMGET, SHMAT = {"x86_64": (29, 30), "aarch64": (194, 196)}[os.uname().machine]
READ_ONLY = 0o10000


def attack(world):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    found = libc.syscall(SHMGET, world["shm_key"], 0, 0)
    print(os.strerror(ctypes.get_errno()))
    place = libc.syscall(SHMAT, found, None, READ_ONLY)
    if place != -1:
        print("read:", ctypes.string_at(place, 32))
    for queues in ("/proc/sysvipc/shm", "/proc/sysvipc/msg", "/proc/sysvipc/sem"):
        print(open(queues).read())
