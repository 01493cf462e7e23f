"""Makes a device in its scratch folder. One that does no harm: who may make it may make the disk's, too."""

import os
import stat

DEVICES = {"zero": (stat.S_IFCHR, 1, 5), "full": (stat.S_IFCHR, 1, 7)}


def attack(world):
    for name, (kind, major, minor) in DEVICES.items():
        try:
            os.mknod(name, kind | 0o600, os.makedev(major, minor))
            print("GOT the device", name, oct(os.stat(name).st_mode))
            os.remove(name)
        except OSError as error:
            print("stopped:", error)
