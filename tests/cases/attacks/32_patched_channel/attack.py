"""Patches the socket so that every answer goes out twice: the second might pass for the answer to the next."""

import socket


def attack(world):
    honest = socket.socket.sendall

    def twice(channel, data):
        honest(channel, data)
        honest(channel, data)

    socket.socket.sendall = twice
