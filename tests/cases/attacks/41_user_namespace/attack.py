"""Makes a user name space by unshare, clone and clone3: in it a nobody has every capability."""

import ctypes
import os
import signal
import sys

NEW_USER = 0x10000000
CLONE, CLONE3 = {"x86_64": (56, 435), "aarch64": (220, 435)}[os.uname().machine]


def attack(world):
    libc = ctypes.CDLL(None, use_errno=True)

    def unshared():
        if libc.unshare(NEW_USER) == 0:
            print("GOT capabilities", capabilities(), "by unshare")
        print(os.strerror(ctypes.get_errno()))

    def cloned():
        pid = libc.syscall(CLONE, NEW_USER | signal.SIGCHLD, 0, 0, 0, 0)
        if pid == 0:
            print("GOT capabilities", capabilities(), "by clone")
        elif pid > 0:
            os.waitpid(pid, 0)

    def cloned3():
        arguments = (ctypes.c_uint64 * 11)(NEW_USER, 0, 0, 0, signal.SIGCHLD)
        pid = libc.syscall(CLONE3, arguments, ctypes.c_long(88))
        if pid == 0:
            print("GOT capabilities", capabilities(), "by clone3")
        elif pid > 0:
            os.waitpid(pid, 0)

    for step in (unshared, cloned, cloned3):
        in_a_child(step)


def in_a_child(step):
    """A process of one thread, which may change its name spaces."""
    pid = os.fork()
    if pid == 0:
        try:
            step()
        except OSError as error:
            print("stopped:", error)
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.waitpid(pid, 0)


def capabilities():
    return [line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")][0]
