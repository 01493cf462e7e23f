"""Reads the command line of every process: what was given there, a token say, is everyone's to read."""

import os


def attack(world):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        words = open(f"/proc/{pid}/cmdline").read().split("\0")
        if world["mark"] in words:
            print(words)
