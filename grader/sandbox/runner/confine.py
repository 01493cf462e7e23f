"""What the runner gives up before it meets a student's byte. An error here ends the run: fail closed."""

import ctypes
import os
import resource
from collections.abc import Mapping

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
BPF_INSTRUCTION_BYTES = 8


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def limit(limits: Mapping[str, int]) -> None:
    """Set each limit, "NOFILE" say, soft and hard; one that is lower already stays."""
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (lowest, lowest))


def install_filter(program: bytes) -> None:
    """Load a seccomp program for this thread and all that it starts. Raises OSError."""
    instructions = ctypes.create_string_buffer(program, len(program))
    compiled = _Program(len(program) // BPF_INSTRUCTION_BYTES, ctypes.addressof(instructions))
    _prctl(PR_SET_NO_NEW_PRIVS, 1, 0)
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(compiled))


def _prctl(option: int, first: int, second: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (ctypes.c_ulong(value) for value in (first, second, 0, 0))
    if libc.prctl(ctypes.c_int(option), *arguments) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed: {os.strerror(ctypes.get_errno())}")
