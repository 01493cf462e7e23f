"""Leaves behind what runs later: exit handlers, a timer, finalizers, a handler for every signal, a trace function."""

import atexit
import gc
import os
import signal
import sys
import threading
import weakref


def attack(world):
    def late(*_):
        print("GOT the last word")
        sys.stdout.flush()

    atexit.register(late)
    threading._register_atexit(late)
    weakref.finalize(sys.modules["__main__"], late)
    gc.callbacks.append(lambda *_: None)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGALRM}:
        try:
            signal.signal(number, late)
        except OSError:
            pass  # two that belong to the C library
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    threading.setprofile(lambda *_: None)
    os.register_at_fork(after_in_child=late)
