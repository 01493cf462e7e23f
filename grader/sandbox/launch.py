"""Becomes bubblewrap, never as root: `python -I -S launch.py '<json>'`. Trusted, stdlib only.

Started by root it first makes the bound files reachable for the sandbox's uid in a mount namespace of its own
(an interpreter may lie in a closed home), then becomes that uid. What goes wrong is said on stderr; exit 1.
"""

import ctypes
import json
import os
import platform
import resource
import sys
from typing import Any

CLONE_NEWNS = 0x20000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT = 1, 2, 4, 32
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
KEYCTL = {"x86_64": 250, "aarch64": 219}
KEYCTL_JOIN_SESSION_KEYRING = 1
STAGE = "/tmp"  # noqa: S108 - covered by an own tmpfs in an own mount namespace; bubblewrap needs /tmp, too


def main(spec: dict[str, Any]) -> None:
    """`spec`: bwrap, uid (null: stay), groups [file…], binds and devices [[source, target]…], texts
    {target: content}, arguments, command and tmpfs [[target, bytes, inodes]…].
    """
    for entrance in spec["groups"]:
        _join(entrance)
    binds, devices, tmpfs = spec["binds"], spec["devices"], _tmpfs_of_bubblewrap(spec["tmpfs"])
    if os.geteuid() == 0:
        # Not 0, with which the kernel would still feed a core_pattern that is a pipe.
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
        if _private_mounts():
            binds = _staged(binds)
            devices = _read_only(devices)
            tmpfs = _tmpfs_of_ours(spec["uid"], spec["tmpfs"])
        _become(spec["uid"])
    if 0 in os.getresuid():
        sys.exit("still root: refusing to start bubblewrap")
    arguments = [word for source, target in binds for word in ("--ro-bind", source, target)]
    arguments += spec["arguments"]
    arguments += [word for source, target in devices for word in ("--dev-bind", source, target)]
    for target, text in spec["texts"].items():
        arguments += ["--ro-bind-data", str(_piped(text.encode())), target]
    arguments += [*tmpfs, "--remount-ro", "/dev", "--remount-ro", "/"]
    # By a pipe: pid 1 inside keeps its command line for everyone to read.
    descriptor = _piped("\0".join(arguments).encode())
    os.execve(spec["bwrap"], ["bwrap", "--args", str(descriptor), "--", *spec["command"]], {})


def _join(entrance: str) -> None:
    """Before anything else, so that all that is used from here on is counted and limited together."""
    with open(entrance, "w") as file:
        file.write("0")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        sys.exit(f"{what}: {os.strerror(ctypes.get_errno())}")


def _private_mounts() -> bool:
    """False in a container that may not: its paths must then be readable by the sandbox's uid as they are."""
    if _libc().unshare(CLONE_NEWNS) != 0:
        return False
    _check(_libc().mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "making mounts private")
    return True


def _staged(binds: list[list[str]]) -> list[list[str]]:
    """Bind each source below STAGE, where any uid reaches it; return the new sources and their targets."""
    sources = [(os.open(source, os.O_PATH), os.path.isdir(source), target) for source, target in binds]
    _mount_tmpfs(STAGE, "size=1m,mode=755")
    os.mkdir(f"{STAGE}/empty")
    staged = []
    for number, (descriptor, is_folder, target) in enumerate(sources):
        place = f"{STAGE}/{number}"
        if is_folder:
            os.mkdir(place)
        else:
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o644))
        source = f"/proc/self/fd/{descriptor}"
        _check(_libc().mount(source.encode(), place.encode(), None, MS_BIND, None), f"binding {target}")
        os.close(descriptor)
        staged.append([_nameless(place) if is_folder else place, target])
    return staged


def _nameless(place: str) -> str:
    """The same folder by way of an overlay: a bind's origin stands in mountinfo, the checkout's path say.

    Where the kernel refuses that, on top of other overlays for instance, the bind itself must do.
    """
    view = f"{place}-view"
    os.mkdir(view)
    options = f"lowerdir={place}:{STAGE}/empty"
    refused = _libc().mount(
        b"overlay", view.encode(), b"overlay", MS_NOSUID | MS_NODEV | MS_RDONLY, options.encode()
    )
    return place if refused else view


def _read_only(devices: list[list[str]]) -> list[list[str]]:
    """Return them on mounts where nobody can set the times of the host's nodes. They work all the same.

    Here, because bubblewrap's own --remount-ro makes a mount nodev, too.
    """
    kept = []
    for number, (source, target) in enumerate(devices):
        place = f"{STAGE}/device-{number}"
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o644))
        for origin, flags in (
            (source.encode(), MS_BIND),
            (None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID),
        ):
            _check(_libc().mount(origin, place.encode(), None, flags, None), f"binding {source}")
        kept.append([place, target])
    return kept


def _tmpfs_of_ours(uid: int, wanted: list[list[Any]]) -> list[str]:
    """Mounted here and bound: bubblewrap's own limits bytes, but not the number of files."""
    words = []
    for number, (target, size, inodes) in enumerate(wanted):
        place = f"{STAGE}/writable-{number}"
        os.mkdir(place)
        _mount_tmpfs(place, f"size={size},nr_inodes={inodes},mode=700,uid={uid},gid={uid}")
        words += ["--bind", place, target]
    return words


def _tmpfs_of_bubblewrap(wanted: list[list[Any]]) -> list[str]:
    return [word for target, size, _ in wanted for word in ("--size", str(size), "--tmpfs", target)]


def _mount_tmpfs(place: str, options: str) -> None:
    flags = MS_NOSUID | MS_NODEV
    _check(_libc().mount(b"tmpfs", place.encode(), b"tmpfs", flags, options.encode()), f"tmpfs on {place}")


def _become(uid: int) -> None:
    """An own session keyring, no groups, another uid. A host that refuses keyctl has no keyring to leave."""
    _libc().syscall(KEYCTL[platform.machine()], KEYCTL_JOIN_SESSION_KEYRING, None)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _piped(data: bytes) -> int:
    if len(data) > 65536:
        sys.exit("more to hand over than a pipe holds")
    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    os.set_inheritable(read, True)
    return read


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
