"""What the layers of the sandbox mean, and what to do where one is missing."""

from pathlib import Path

from grader.sandbox import bubblewrap

MEANING = {
    "identity": "a process inside has no name and no capability",
    "files": "no data set of the machine is visible, nothing but scratch can be written",
    "network": "a connection to the machine's loopback fails",
    "seccomp": "unshare, AF_VSOCK, io_uring, keyctl and execve are refused",
    "rlimits": "memory, processes and open files end at their limits",
    "processes": "only its own processes are visible",
    "shared memory": f"shared memory of {bubblewrap.SHARED_MEMORY >> 20} MiB can be mounted",
    "leftovers": "what one sandbox writes wherever it can, the next does not see",
}
FIXES = {
    "shared memory": "let the sandbox mount a tmpfs of that size: the machine or container is short of memory"
}
CGROUP = (
    "run as root, or in a delegated scope: `systemd-run --user --scope -p Delegate=yes heldout grade`;"
    " in a container: a cgroup namespace of its own and a writable /sys/fs/cgroup"
)
REPORT = "report it: this layer should hold wherever bubblewrap starts"
APPARMOR = """allow bubblewrap to make user namespaces: write to /etc/apparmor.d/bwrap
  abi <abi/4.0>,
  profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }
and run `apparmor_parser -r /etc/apparmor.d/bwrap`"""
UNREADABLE = (
    "put interpreter, virtual environment and this checkout where any user can read them (not below a closed"
    " home), or let root make mount namespaces (CAP_SYS_ADMIN)"
)
SYSCTLS = (
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", APPARMOR),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
    ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
)
CONTAINER = (
    "allow user namespaces; in Docker: --security-opt seccomp=unconfined"
    " --security-opt systempaths=unconfined"
)


def on_namespaces() -> str:
    """About what most likely keeps this machine from making user namespaces."""
    for path, value, fix in SYSCTLS:
        if Path(path).is_file() and Path(path).read_text().strip() == value:
            return fix
    return CONTAINER
