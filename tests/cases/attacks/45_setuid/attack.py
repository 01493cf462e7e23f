"""Becomes root, by asking and by a program of its own that would run as its owner."""

import os
import shutil
import stat
import sys


def attack(world):
    for call, ids in ((os.setuid, (0,)), (os.setresuid, (0, 0, 0)), (os.setgid, (0,)), (os.setgroups, ([0],))):
        try:
            call(*ids)
        except OSError as error:
            print("stopped:", call.__name__, error)
    capabilities = [line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")][0]
    if os.getuid() == 0 or int(capabilities, 16):
        print("GOT uid", os.getuid(), "with capabilities", capabilities)
    copy = shutil.copy(sys.executable, "python")
    os.chmod(copy, 0o6755 | stat.S_ISUID)
    os.execv(copy, [copy, "-c", ""])
