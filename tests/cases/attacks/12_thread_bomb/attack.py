"""Starts up to 10,000 threads, which the kernel counts as processes."""

import threading

MOST = 64


def attack(world):
    done = threading.Event()
    started = []
    try:
        while len(started) < 10_000:
            thread = threading.Thread(target=done.wait)
            thread.start()
            started.append(thread)
    except RuntimeError as error:
        print("stopped:", error)
    if len(started) > MOST:
        print("GOT", len(started), "threads")
    done.set()
    for thread in started:
        thread.join()
