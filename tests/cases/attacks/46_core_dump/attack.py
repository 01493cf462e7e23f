"""Leaves a core dump, which the machine may keep for good and outside."""

import os
import resource
import signal

MB = 1 << 20


def attack(world):
    pid = os.fork()
    if pid == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (64 * MB, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        except (OSError, ValueError) as error:
            print("stopped:", error, flush=True)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGQUIT)
        os._exit(1)
    ended = os.waitpid(pid, 0)[1]
    dumps = {name: os.path.getsize(name) for name in os.listdir(".") if name.startswith("core")}
    if os.WCOREDUMP(ended) or dumps:
        print("GOT a core dump", dumps)
    for name in dumps:
        os.remove(name)
    print("the child ended with", ended)
