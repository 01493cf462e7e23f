"""Works in many processes at once, so that nobody else gets a processor.

What they got stands in the account that the kernel keeps of them. How long a bystander waits would depend on
the machine's other work, too.
"""

import os
import resource
import time

SECONDS, PROCESSES = 2, 8
MORE_THAN_ALLOWED = 1.3  # processors, where a submission has one: a quota is kept to a tenth of a second


def attack(world):
    began = time.monotonic()
    for _ in range(PROCESSES):
        if os.fork() == 0:
            work(began + SECONDS)
    for _ in range(PROCESSES):
        os.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processors = (used.ru_utime + used.ru_stime) / (time.monotonic() - began)
    print(f"processors: {processors:.2f}")
    if processors > MORE_THAN_ALLOWED:
        print("GOT more than one processor")


def work(end):
    while time.monotonic() < end:
        pass
    os._exit(0)
