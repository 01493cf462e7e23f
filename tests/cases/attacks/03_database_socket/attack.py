"""Connects to the database's Unix socket: a name space for the network does not cover one that has a path."""

import socket

ROOTS = ("", "/host", "/oldroot", "/newroot", "/proc/1/root", "/proc/self/root")


def attack(world):
    for root in ROOTS:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as database:
            try:
                database.connect(root + world["database_socket"])
            except OSError as error:
                print("stopped:", error)
