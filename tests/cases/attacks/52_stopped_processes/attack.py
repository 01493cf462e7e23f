"""Stops itself and its children, who ignore and block every signal: nothing of it may wait to be asked to end."""

import os
import signal


def attack(world):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, 32, 33}:
        try:
            signal.signal(number, signal.SIG_IGN)
        except OSError:
            pass
    for _ in range(20):
        pid = os.fork()
        if pid == 0:
            os.setsid()
            while True:
                os.kill(os.getpid(), signal.SIGSTOP)
    os.kill(os.getpid(), signal.SIGSTOP)  # the first process of a name space goes on
