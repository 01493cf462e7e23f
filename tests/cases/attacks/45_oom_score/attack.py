"""Asks the kernel to kill anyone else first when memory runs out: what many a container's root may not, either."""

import os


def attack(world):
    pid = os.fork()
    if pid == 0:
        try:
            for value in ("-1000", "-1"):
                with open("/proc/self/oom_score_adj", "w") as file:
                    file.write(value)
        except OSError as error:
            print("stopped:", error, flush=True)
        score = int(open("/proc/self/oom_score_adj").read())
        if score < 0:
            print("GOT oom_score_adj", score, flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
