"""Writes up to 2 GiB wherever it can, in files of 100 MiB each, and leaves them."""

import os

BLOCK, MOST = 1 << 20, 512 + 64  # MiB: scratch, /dev/shm


def attack(world):
    written = 0
    for folder, _, _ in os.walk("/"):
        if not folder.startswith(("/proc", "/sys")):
            written += fill(folder)
    print(written, "MiB")
    if written > MOST:
        print("GOT", written, "MiB of files")


def fill(folder):
    written = 0
    try:
        while written < 2048:
            with open(os.path.join(folder, f"fill-{written}"), "wb", buffering=0) as file:
                for _ in range(100):
                    written += file.write(bytes(BLOCK)) // BLOCK
    except OSError:
        pass
    return written
