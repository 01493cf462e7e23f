"""A process of the grader's user that attacks aim at.

`python bystander.py MARK SECRET`: another secret, for its memory, is the first line of input; it ends
with its input.
"""

import ctypes
import sys

PR_SET_PTRACER = 0x59616D61


def main() -> None:
    memory = sys.stdin.readline().encode()  # held for as long as this runs
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)  # as on a machine without Yama
    print("ready", flush=True)
    sys.stdin.read()
    del memory


if __name__ == "__main__":
    main()
