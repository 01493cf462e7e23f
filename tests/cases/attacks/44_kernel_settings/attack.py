"""Opens for writing what would let it run as root or stop the machine. It never writes a byte."""

import os

PLACES = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/hotplug",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/panic",
    "/proc/sys/kernel/randomize_va_space",
    "/proc/sys/kernel/unprivileged_bpf_disabled",
    "/proc/sys/fs/binfmt_misc/register",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/vm/drop_caches",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/user/max_user_namespaces",
    "/proc/sysrq-trigger",
    "/proc/kcore",
    "/proc/kmem",
    "/proc/acpi/wakeup",
    "/sys/kernel/uevent_helper",
    "/sys/fs/cgroup/cgroup.procs",
    "/sys/fs/cgroup/release_agent",
    "/dev/mem",
    "/dev/kmsg",
    "/dev/kvm",
    "/dev/fuse",
)

UNGUARDED = "ns_last_pid"  # anyone may open it; what is written is refused, and is of the own name space


def attack(world):
    found = list(PLACES)
    for parent, _, names in os.walk("/proc/sys"):
        found += [os.path.join(parent, name) for name in names if name != UNGUARDED]
    for path in found:
        try:
            os.close(os.open(path, os.O_WRONLY))
        except OSError:
            continue
        print("GOT", path, "open for writing")
