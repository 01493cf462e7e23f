"""Takes hold of another process, as a debugger does; a child of its own stands for any of the same user."""

import ctypes
import os
import signal
import time

PTRACE = {"x86_64": 101, "aarch64": 117}[os.uname().machine]
ATTACH, SEIZE = 16, 0x4206


def attack(world):
    libc = ctypes.CDLL(None, use_errno=True)
    for request in (ATTACH, SEIZE):
        child = os.fork()
        if child == 0:
            time.sleep(5)
            os._exit(0)
        numbers = [ctypes.c_long(value) for value in (PTRACE, request, child, 0, 0)]
        if libc.syscall(*numbers) == 0:
            print("GOT hold of process", child)
        else:
            print("stopped:", os.strerror(ctypes.get_errno()))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
