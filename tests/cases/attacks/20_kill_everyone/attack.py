"""kill(-1): every process that there is. With signal 0: the kernel answers, and does nothing where we test."""

import os


def attack(world):
    os.kill(-1, 0)
    print("GOT everyone in reach, such as", [pid for pid in os.listdir("/proc") if pid.isdigit()][:10])
