"""Takes back that it dies with its launcher: killed graders would leave it running."""

import ctypes

PR_SET_PDEATHSIG, PR_GET_PDEATHSIG = 1, 2


def attack(world):
    libc, number = ctypes.CDLL(None, use_errno=True), ctypes.c_int(-1)
    libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(0), 0, 0, 0)
    libc.prctl(PR_GET_PDEATHSIG, ctypes.byref(number), 0, 0, 0)
    if number.value == 0:
        print("GOT rid of the signal that comes when the launcher dies")
