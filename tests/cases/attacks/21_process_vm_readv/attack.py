"""Reads the memory of another process; a child of its own stands for any of the same user."""

import ctypes
import os
import signal
import time

PROCESS_VM_READV = {"x86_64": 310, "aarch64": 270}[os.uname().machine]
SECRET = b"in the child's memory"


class Part(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def attack(world):
    libc = ctypes.CDLL(None, use_errno=True)
    there, here = (ctypes.create_string_buffer(len(SECRET)) for _ in range(2))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        there.raw = SECRET
        os.write(writer, b"x")
        time.sleep(5)
        os._exit(0)
    os.read(reader, 1)
    ours, theirs = (Part(ctypes.addressof(each), len(SECRET)) for each in (here, there))
    libc.syscall(
        ctypes.c_long(PROCESS_VM_READV), ctypes.c_long(child), ctypes.byref(ours), ctypes.c_long(1),
        ctypes.byref(theirs), ctypes.c_long(1), ctypes.c_long(0)
    )
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if here.raw == SECRET:
        print("GOT what is", here.raw.decode())
