"""Reads what the kernel counts and tells for the whole machine: others can drive it, since boot and for days."""

import os

ITS_OWN = ("self", "thread-self", "mounts", "net")
NEEDED = ("cpuinfo", "filesystems", "version")  # by libraries; they don't change


def attack(world):
    found = []
    for name in os.listdir("/proc"):
        if name in (*ITS_OWN, *NEEDED) or name.isdigit():
            continue
        path = f"/proc/{name}"
        found += [path] if not os.path.isdir(path) else [os.path.join(at, each) for at, _, names in os.walk(path) for each in names]
    for path in found:
        try:
            with open(path, "rb") as file:
                told = file.read(4096)
        except OSError:
            continue
        if path == "/proc/meminfo" and int(told.split()[1]) == int(told.split()[4]):
            continue  # not the machine's: all of it is free
        print("GOT", path, told[:20])
