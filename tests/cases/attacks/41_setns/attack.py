"""Joins name spaces that it can name: its own once more, its parent's, those of a child with a user name space."""

import ctypes
import os
import signal
import sys

NEW_USER = 0x10000000


def attack(world):
    libc = ctypes.CDLL(None, use_errno=True)
    child = os.fork()
    if child == 0:
        libc.unshare(NEW_USER)
        signal.pause()
    joining = os.fork()
    if joining == 0:
        try:
            join(libc, child)
        except OSError as error:
            print("stopped:", error)
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.waitpid(joining, 0)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def join(libc, child):
    own = os.readlink("/proc/self/ns/user")
    while os.readlink(f"/proc/{child}/ns/user") == own and not refused(libc):
        pass
    for pid in (1, os.getppid(), child):
        for name in ("user", "net", "mnt", "ipc", "pid"):
            space = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
            if libc.setns(space, 0) == 0:
                print("GOT into", os.readlink(f"/proc/{pid}/ns/{name}"), "from", own)
            else:
                print("stopped:", os.strerror(ctypes.get_errno()))


def refused(libc):
    """Whether waiting for the child is in vain."""
    return libc.unshare(0x400) != 0 or ctypes.get_errno() == 1  # CLONE_FILES: harmless where allowed
