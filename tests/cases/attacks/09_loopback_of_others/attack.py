"""Asks for a listener of this machine's loopback by each of its addresses, IPv6 among them."""

import socket


def attack(world):
    targets = [(address, world["tcp_port"]) for address in ("127.0.0.1", "0.0.0.0", "localhost")]
    if "tcp6_port" in world:
        targets += [(address, world["tcp6_port"]) for address in ("::1", "::")]
    for target in targets:
        try:
            socket.create_connection(target, timeout=2).close()
        except OSError as error:
            print("stopped:", error)
