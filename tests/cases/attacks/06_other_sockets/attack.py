"""Opens sockets to the kernel: netlink, packet and crypto; also with bits set that the kernel doesn't look at."""

import ctypes
import os
import socket

SOCKET = {"x86_64": 41, "aarch64": 198}[os.uname().machine]


def attack(world):
    libc = ctypes.CDLL(None)
    for family in ("AF_NETLINK", "AF_PACKET", "AF_ALG"):
        number = getattr(socket, family)
        for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            for argument in (number, number | 1 << 32):
                if libc.syscall(ctypes.c_long(SOCKET), ctypes.c_ulong(argument), ctypes.c_long(kind), 0) >= 0:
                    print("GOT a socket of family", family, hex(argument))
