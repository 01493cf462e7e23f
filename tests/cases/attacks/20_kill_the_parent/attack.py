"""Its parent and the grader: if signal 0 is allowed, so is killing them."""

import os


def attack(world):
    for pid in (os.getppid(), world["grader_pid"]):
        if pid:  # 0: a parent in another name space
            os.kill(pid, 0)
            print("GOT within reach of", pid, open(f"/proc/{pid}/comm").read())
