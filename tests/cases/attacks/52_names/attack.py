"""Names that break what reads /proc: line ends, brackets and a forged status in its own and its children's."""

import ctypes
import os
import signal
import threading

NAMES = (b"x) R 1 1 1 0\n", b"\nVmHWM: 1 kB\n", b"((((((\x1b[2J", b"\xff\xfe) Z 0", b"a\0b", b"", b"0::/\n1:x")
PR_SET_NAME = 15


def attack(world):
    libc = ctypes.CDLL(None)
    for name in NAMES:
        threading.Thread(target=lambda name=name: (libc.prctl(PR_SET_NAME, name), threading.Event().wait(), None), daemon=True).start()
        if os.fork() == 0:
            libc.prctl(PR_SET_NAME, name)
            signal.pause()
    libc.prctl(PR_SET_NAME, NAMES[0])
    os.rename(os.getcwd(), "/tmp/submission\n(x) R\n")
    os.mkdir("/tmp/submission")
