"""Opens a POSIX message queue of the machine that every user may open; also where they show as files."""

import ctypes
import os

MQ_OPEN, MQ_TIMEDRECEIVE = {"x86_64": (240, 243), "aarch64": (180, 183)}[os.uname().machine]


def attack(world):
    libc = ctypes.CDLL(None, use_errno=True)
    queue = libc.syscall(MQ_OPEN, world["mark"].encode(), os.O_RDWR | os.O_NONBLOCK, 0, None)
    print(os.strerror(ctypes.get_errno()))
    if queue >= 0:
        message = ctypes.create_string_buffer(8192)
        libc.syscall(MQ_TIMEDRECEIVE, queue, message, ctypes.c_long(8192), None, None)
        print("read:", message.value)
    print("GOT", os.listdir("/dev/mqueue"))
