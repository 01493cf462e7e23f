"""Touches up to 8 GiB, by Python's allocator and by maps of its own."""

import mmap

BLOCK, MOST = 64 << 20, 2048 << 20


def attack(world):
    kept = []
    while len(kept) < 128:
        kept.append(take(len(kept)))
        for page in range(0, BLOCK, 4096):
            kept[-1][page] = 1
        if len(kept) * BLOCK > MOST:
            print("GOT", len(kept) * BLOCK >> 20, "MiB")
            return


def take(number):
    if number % 2:
        return bytearray(BLOCK)
    try:
        return mmap.mmap(-1, BLOCK, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise MemoryError from error
