"""Leaves a mark in every folder that can be written, and looks there for the mark of an earlier sandbox.

A mark that is found also makes load() fail: only the first session's output is kept.
"""

import os


class Found(Exception):
    pass


def attack(world):
    found, written = [], []
    for parent, folders, names in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(parent, name) not in ("/proc", "/sys")]
        found += [os.path.join(parent, name) for name in names if name.startswith("mark-")]
        if os.path.basename(parent) != "fd" and os.access(parent, os.W_OK):
            written.append(os.path.join(parent, world["mark"]))
    for path in written:
        try:
            open(path, "w").close()
            print("left at", path)
        except OSError as error:
            print("stopped:", error)
    if found:
        print("GOT", found)
        raise Found(found)
