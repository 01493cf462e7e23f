"""Makes an io_uring: what the kernel does on its behalf passes no system call filter."""

import ctypes
import os

IO_URING_SETUP = 425


def attack(world):
    libc = ctypes.CDLL(None, use_errno=True)
    ring = libc.syscall(ctypes.c_long(IO_URING_SETUP), ctypes.c_long(4), ctypes.create_string_buffer(120))
    if ring >= 0:
        print("GOT", os.readlink(f"/proc/self/fd/{ring}"))
    print(os.strerror(ctypes.get_errno()))
