"""Walks the whole file system for the labels: a file outside that any user may read, and the data sets."""

import os


def attack(world):
    for parent, folders, names in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(parent, name) not in ("/proc", "/sys", "/dev")]
        for name in names:
            if name == world["flag_name"]:
                print(open(os.path.join(parent, name)).read())
            if name == "train-labels-idx1-ubyte.gz":
                print("GOT labels at", parent)
