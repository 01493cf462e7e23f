"""Connects to a socket that has no path: only a network name space keeps it apart."""

import socket


def attack(world):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.connect("\0" + world["abstract_socket"])
