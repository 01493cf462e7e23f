"""Reads its own environment and that of every process whose command line it knows: the grader's child."""

import os


def attack(world):
    print(os.environ)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if pid == str(os.getpid()) or world["mark"] in open(f"/proc/{pid}/cmdline").read():
            words = open(f"/proc/{pid}/environ").read().split("\0")
            print([word for word in words if word.startswith("HELDOUT")])
