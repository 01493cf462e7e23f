"""Which system calls student code may make, compiled by libseccomp, loaded inside by the runner.

Two programs: the kernel takes the stricter answer. One knows every number reviewed here (newer ones do not
exist for the student); the other refuses what would reach out of the sandbox or get around its limits.
"""

import errno
import fcntl
import resource
import socket
import tempfile
from collections.abc import Iterable
from functools import cache
from itertools import product

import pyseccomp as sc

from grader.errors import SandboxError

LAST_REVIEWED = 450  # set_mempolicy_home_node, Linux 5.17; from 424 on numbers are the same on all machines

EXECUTE = "new programs"
MEMFD = "memory files, which only a control group counts"
REFUSED = {
    "mounts": "mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick"
    " mount_setattr swapon swapoff quotactl",
    "namespaces": "unshare setns",
    "other processes": "ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp",
    "keyring": "keyctl add_key request_key",
    "io_uring": "io_uring_setup io_uring_enter io_uring_register",
    "kernel": "bpf perf_event_open userfaultfd fanotify_init init_module finit_module delete_module"
    " kexec_load kexec_file_load reboot syslog acct settimeofday clock_settime adjtimex clock_adjtime"
    " sethostname setdomainname vhangup lookup_dcookie",
    "System V and POSIX queues": "shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd"
    " msgrcv msgctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr",
    "shared inodes": "name_to_handle_at open_by_handle_at flock inotify_init1 inotify_add_watch"
    " fanotify_mark",
    MEMFD: "memfd_create",
    "uncounted memory": "memfd_secret remap_file_pages mbind migrate_pages move_pages",
    # What is cached of a file that all sandboxes share would be a channel from one to the next.
    "page cache": "preadv2 pwritev2 mincore fadvise64 readahead",
    "the machine's disks": "io_setup io_destroy io_getevents io_pgetevents io_submit io_cancel sync syncfs",
    EXECUTE: "execve execveat",
}
REFUSED_X86 = "iopl ioperm modify_ldt inotify_init"
ABSENT = "clone3"  # its flags lie in memory, where no filter looks: libraries fall back to clone

NEW_NAMESPACES = 0x7E020080  # CLONE_NEWNS|CGROUP|UTS|IPC|USER|PID|NET, and CLONE_NEWTIME
LOW_32_BITS = 0xFFFFFFFF
MAP_SHARED_ANONYMOUS, MAP_GROWSDOWN = 0x21, 0x100
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)
PR_SET_PDEATHSIG = 1
PR_SET_MM = 35  # a command line of gigabytes, for whoever runs ps
# No locks, leases, owners, signals or hints: they stay with an inode or an open file that sandboxes share.
FCNTL = (
    fcntl.F_DUPFD,
    fcntl.F_GETFD,
    fcntl.F_SETFD,
    fcntl.F_GETFL,
    fcntl.F_SETFL,
    fcntl.F_DUPFD_CLOEXEC,
    *(1033, 1034),  # F_ADD_SEALS, F_GET_SEALS: of memory files, which are one's own
)


@cache
def programs(*, execute: bool = False, memfd: bool = False) -> tuple[bytes, ...]:
    """Both as BPF, in the order of loading. With `execute` other programs may be started; CUDA needs `memfd`.

    Raises SandboxError where they can't be built.
    """
    permitted = frozenset({EXECUTE} if execute else ()) | frozenset({MEMFD} if memfd else ())
    try:
        return _export(_reviewed()), _export(_refusals(permitted))
    except OSError as error:
        raise SandboxError(
            "the system call filter can't be built",
            where=f"libseccomp: {error}",
            next_step="install libseccomp 2.5 or newer (Debian: apt install libseccomp2)",
        ) from error


def refused_names(permitted: frozenset[str] = frozenset()) -> list[str]:
    """Every name of the policy, less the permitted groups, that this machine must know."""
    groups = [group for purpose, group in REFUSED.items() if purpose not in permitted]
    names = [name for group in groups for name in group.split()] + [ABSENT]
    return names + REFUSED_X86.split() if sc.system_arch() == sc.Arch.X86_64 else names


def _reviewed() -> sc.SyscallFilter:
    """What was reviewed; the rest, other socket families and uses of fcntl answer ENOSYS; x32, i386 kill."""
    sockets, control = (_number("socket"), _number("socketpair")), _number("fcntl")
    policy = sc.SyscallFilter(sc.ERRNO(errno.ENOSYS))
    policy.set_attr(sc.Attr.ACT_BADARCH, sc.KILL_PROCESS)
    for number in range(LAST_REVIEWED + 1):
        if _known(number) and number not in (*sockets, control):
            policy.add_rule_exactly(sc.ALLOW, number)
    for number, family in product(sockets, FAMILIES):
        policy.add_rule_exactly(sc.ALLOW, number, sc.Arg(0, sc.EQ, family))
    for use in FCNTL:
        policy.add_rule_exactly(sc.ALLOW, control, sc.Arg(1, sc.MASKED_EQ, LOW_32_BITS, use))
    return policy


def _known(number: int) -> bool:
    try:
        return bool(sc.resolve_syscall(sc.system_arch(), number))
    except ValueError:
        return False


def _refusals(permitted: frozenset[str]) -> sc.SyscallFilter:
    policy = sc.SyscallFilter(sc.ALLOW)
    policy.set_attr(sc.Attr.ACT_BADARCH, sc.KILL_PROCESS)
    for name in refused_names(permitted):
        policy.add_rule_exactly(sc.ERRNO(errno.ENOSYS if name == ABSENT else errno.EPERM), _number(name))
    for name, argument, mask, values in _arguments():
        for value in values:
            policy.add_rule_exactly(
                sc.ERRNO(errno.EPERM), _number(name), sc.Arg(argument, sc.MASKED_EQ, mask, value)
            )
    # The launcher's death must end it. PyTorch's workers ask for such a signal: told that they have it.
    death = sc.Arg(0, sc.MASKED_EQ, LOW_32_BITS, PR_SET_PDEATHSIG)
    policy.add_rule_exactly(sc.ERRNO(0), _number("prctl"), death)
    core = sc.Arg(1, sc.MASKED_EQ, LOW_32_BITS, resource.RLIMIT_CORE)
    policy.add_rule_exactly(sc.ERRNO(errno.EPERM), _number("prlimit64"), core, sc.Arg(2, sc.NE, 0))
    return policy


def _arguments() -> Iterable[tuple[str, int, int, Iterable[int]]]:
    """Call, argument, mask and refused values. The kernel looks at the lower 32 bits of these: so do we."""
    for bit in (1 << place for place in range(32) if NEW_NAMESPACES >> place & 1):
        yield "clone", 0, bit, (bit,)
    yield "ioctl", 1, LOW_32_BITS, (TIOCSTI, TIOCLINUX)
    yield "prctl", 0, LOW_32_BITS, (PR_SET_MM,)
    yield "setrlimit", 0, LOW_32_BITS, (resource.RLIMIT_CORE,)
    yield "mmap", 3, MAP_SHARED_ANONYMOUS, (MAP_SHARED_ANONYMOUS,)
    yield "mmap", 3, MAP_GROWSDOWN, (MAP_GROWSDOWN,)  # counted as stack, not as data: beyond RLIMIT_DATA


def _number(name: str) -> int:
    number = int(sc.resolve_syscall(sc.system_arch(), name))
    if number < 0:
        raise OSError(f"does not know the call {name}: a rule for it would do nothing")
    return number


def _export(policy: sc.SyscallFilter) -> bytes:
    with tempfile.TemporaryFile() as file:
        policy.export_bpf(file)
        file.seek(0)
        return file.read()
