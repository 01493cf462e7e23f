"""Puts itself before all others: real-time classes and a negative nice value, for a moment each."""

import os

CLASSES = ("SCHED_FIFO", "SCHED_RR")


def attack(world):
    for name in CLASSES:
        try:
            os.sched_setscheduler(0, getattr(os, name), os.sched_param(1))
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
            print("GOT", name)
        except OSError as error:
            print("stopped:", error)
    os.setpriority(os.PRIO_PROCESS, 0, -1)
    print("GOT nice", os.getpriority(os.PRIO_PROCESS, 0))
