"""Fills what it may write, which is memory; two children then take 800 MiB each, which alone would be fine."""

import os
import signal
import time

BLOCK, EACH, MOST = 1 << 20, 800 << 20, 2048 << 20


def attack(world):
    total = sum(fill(folder) for folder in ("/tmp", "/dev/shm"))
    print(total >> 20, "MiB in files")
    reader, writer = os.pipe()
    started = [start(writer) for _ in range(2)]
    os.close(writer)
    for _ in started:
        os.read(reader, 1)
    time.sleep(0.5)  # one that had filled its share may have been killed for the other's: then it is ending
    alive = [pid for pid in started if os.waitpid(pid, os.WNOHANG) == (0, 0)]
    if total + EACH * len(alive) > MOST:
        print("GOT", total + EACH * len(alive) >> 20, "MiB in all")
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if len(alive) < len(started):
        raise MemoryError("a child was killed")


def start(writer):
    pid = os.fork()
    if pid == 0:
        kept = bytearray(EACH)
        for page in range(0, EACH, 4096):
            kept[page] = 1
        os.write(writer, b"x")
        time.sleep(5)
        os._exit(0)
    return pid


def fill(folder):
    written = 0
    try:
        with open(os.path.join(folder, "fill"), "wb", buffering=0) as file:
            while written < MOST:
                written += file.write(bytes(BLOCK))
    except OSError as error:
        print("stopped:", error)
    return written
