"""Opens a socket to the hypervisor: no network namespace covers AF_VSOCK."""

import socket


def attack(world):
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM):
        print("GOT a socket of family AF_VSOCK")
