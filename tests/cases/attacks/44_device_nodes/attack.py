"""Writes the time into the host's device nodes, which outlive every sandbox: a nanosecond is a number."""

import os

NODES = ("null", "zero", "full", "random", "urandom", "tty")


def attack(world):
    for place in (0, *(f"/dev/{name}" for name in NODES)):
        try:
            os.utime(place)
        except OSError as error:
            print("stopped:", place, error)
        else:
            print("GOT the time of", place)
    with open("/dev/null", "wb") as sink, open("/dev/zero", "rb") as zeros:  # they work all the same
        sink.write(zeros.read(4096))
    os.urandom(16), open("/dev/urandom", "rb").read(16)
