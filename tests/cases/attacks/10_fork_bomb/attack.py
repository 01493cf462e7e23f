"""Every child forks on, 2,047 times in all if nobody stops it; then says how many there were at a time."""

import os
import signal
import time

ROUNDS, MOST = 11, 64


def attack(world):
    reader, writer = os.pipe()
    bomb = os.fork()
    if bomb == 0:
        os.setpgid(0, 0)
        for _ in range(ROUNDS):
            try:
                os.fork()
            except OSError:
                pass
        os.write(writer, b"x")
        time.sleep(20)
        os._exit(0)
    os.close(writer)
    time.sleep(3)
    os.set_blocking(reader, False)
    alive = len(os.read(reader, 1 << 16))
    os.killpg(bomb, signal.SIGKILL)
    os.waitpid(bomb, 0)
    print("there were", alive)
    if alive > MOST:
        print("GOT", alive, "processes")
