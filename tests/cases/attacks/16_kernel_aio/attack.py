"""Takes what the kernel has once for the whole machine: a slot of its asynchronous I/O, everybody's dirty pages."""

import ctypes
import os
import platform

CALLS = {"x86_64": (206, 162, 306), "aarch64": (0, 81, 267)}


def attack(world):
    libc, context = ctypes.CDLL(None, use_errno=True), ctypes.c_ulong(0)
    io_setup, sync, syncfs = CALLS[platform.machine()]
    for name, call in {
        "a slot": (io_setup, 1, ctypes.byref(context)),
        "a flush of all file systems": (sync,),
        "a flush of one": (syncfs, os.open("/", os.O_RDONLY)),
    }.items():
        if libc.syscall(*call) >= 0:
            print("GOT", name)
        else:
            print("stopped:", os.strerror(ctypes.get_errno()))
