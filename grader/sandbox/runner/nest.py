"""What a forked child of the zygote does to be as alone as a cold sandbox: own namespaces, nothing kept.

Trusted, before any of a student's bytes. Every refused step raises OSError: the branch ends, fail closed.
"""

import ctypes
import fcntl
import os
import platform
import socket
import struct

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_CAP_AMBIENT = 1, 4, 24, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
KEYCTL = {"x86_64": 250, "aarch64": 219}
KEYCTL_JOIN_SESSION_KEYRING = 1
CAPABILITY_VERSION_3 = 0x20080522
HUGE, MADV_COLLAPSE = 2 << 20, 25
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def namespaces(uid: int, gid: int) -> None:
    """New ones for the next child, which keeps its ids. The caller must have one thread."""
    _unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
    set_dumpable(True)  # the files of /proc/self are ours again
    for file, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{file}", "w") as map_:
            map_.write(text)


def settle(
    tmpfs: list[tuple[str, int, int]], devices: list[str], hidden: dict[str, str], hostname: str
) -> None:
    """The first process of the new namespaces makes them its own; `tmpfs`: target, bytes, number of files.

    `hidden`: see `_hide`. `devices` are the machine's own nodes, whose times could be set: an ordinary user's
    have no launcher that could have made their mounts read-only.
    """
    _prctl(PR_SET_PDEATHSIG, 9)
    os.setsid()
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _hide(tmpfs[0][0], hidden)
    for target, size, files in tmpfs:
        _mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, f"size={size},nr_inodes={files},mode=700")
    for node in devices:
        _mount(None, node, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID)
    _mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    socket.sethostname(hostname)
    _loopback_up()
    _libc().syscall(KEYCTL[platform.machine()], KEYCTL_JOIN_SESSION_KEYRING, None)  # absent where refused


def seal(capabilities: int) -> None:
    """The last step, from within the control group: nothing that took a capability can be done after it."""
    _unshare(CLONE_NEWCGROUP)
    _drop_capabilities(capabilities)
    set_dumpable(True)


def capabilities() -> int:
    """How many this kernel knows. To be read before `settle`, which hides the file that tells."""
    with open("/proc/sys/kernel/cap_last_cap") as last:
        return int(last.read()) + 1


def _hide(place: str, hidden: dict[str, str]) -> None:
    """Cover paths with what stands for them: a text; "" is a file that can't be read, "/" an empty folder.

    Their sources lie at `place`, where another mount is about to cover them.
    """
    _mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=64,mode=755")
    sources: dict[str, str] = {}
    for content in hidden.values():
        if content not in sources:
            sources[content] = f"{place}/{len(sources)}"
            _stand_in(sources[content], content)
    _mount(None, place, None, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)
    for path, content in hidden.items():
        _mount(sources[content], path, None, MS_BIND)


def _stand_in(path: str, content: str) -> None:
    if content == "/":
        os.mkdir(path, 0o555)
        return
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o444 if content else 0)
    os.write(descriptor, content.encode())
    os.close(descriptor)


def set_dumpable(value: bool) -> None:
    """Without it nobody, and not even itself, may look into a process by /proc."""
    _prctl(PR_SET_DUMPABLE, int(value))


def collapse() -> None:
    """Put our memory into huge pages: a fork then copies a thousandth of the page table, in half the time.

    Does nothing on kernels before 6.1, or where memory is scattered.
    """
    with open("/proc/self/maps") as maps:
        lines = [line.split() for line in maps]
    for words in lines:
        if words[1] == "rw-p" and words[4] == "0":  # private memory of no file: inode 0
            start, end = (int(edge, 16) for edge in words[0].split("-"))
            for place in range(-(-start // HUGE) * HUGE, end - HUGE + 1, HUGE):
                _libc().madvise(ctypes.c_void_p(place), ctypes.c_size_t(HUGE), MADV_COLLAPSE)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.Struct("16sH22x")
        answer = fcntl.ioctl(any_socket, SIOCGIFFLAGS, request.pack(b"lo", 0))
        _, flags = request.unpack(answer)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request.pack(b"lo", flags | IFF_UP))


def _drop_capabilities(count: int) -> None:
    for capability in range(count):
        _prctl(PR_CAPBSET_DROP, capability)
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    _check(_libc().capset(header, bytes(24)), "capset")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _unshare(flags: int) -> None:
    _check(_libc().unshare(flags), "unshare")


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    words = [word.encode() if word else None for word in (source, target, kind)]
    _check(_libc().mount(*words, ctypes.c_ulong(flags), options.encode() or None), f"mounting {target}")


def _prctl(option: int, value: int) -> None:
    arguments = (ctypes.c_ulong(each) for each in (value, 0, 0, 0))
    _check(_libc().prctl(ctypes.c_int(option), *arguments), f"prctl({option})")
