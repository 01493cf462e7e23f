"""A submission that looks around. Each method returns what it got away with; prints what it was."""

# mypy: ignore-errors
# ruff: noqa: C901, S108, SIM115, SIM210 - a student's code, and hostile: kept as one list of attempts

import ctypes
import hashlib
import os
import signal
import socket
import struct
import subprocess

import torch


def load(folder, device):
    return Model()


def walk():
    for parent, folders, names in os.walk("/", followlinks=False):
        if parent == "/":
            folders[:] = [name for name in folders if name not in ("proc", "sys", "dev")]
        for name in names:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                yield path


def attempt(name, action):
    """1 when `action` worked."""
    try:
        result = action()
    except (OSError, subprocess.SubprocessError):
        return 0
    if result is not None and result is not True:
        return 0
    print("worked:", name)
    return 1


def survived(action):
    """True when a child process that does `action` is not killed."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
        finally:
            os._exit(0)
    return os.WIFEXITED(os.waitpid(pid, 0)[1])


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


class Model:
    def double(self, x):
        return x * 2

    def text(self, x):
        return "SCORE: 100"

    def exits(self, x):
        raise SystemExit(0)

    def raises(self, x):
        raise ValueError("no \x1b[31mred")

    def flood(self):
        print("\x1b[2J" + "x" * 3_000_000)
        return torch.zeros(1)

    def visible_files(self):
        return torch.tensor([float(sum(1 for _ in walk()))])

    def files_of_size(self, sizes):
        """SHA-256 of up to 32 files whose size is one of these, as rows of bytes."""
        found = torch.zeros(32, 32)
        row = 0
        for path in walk():
            try:
                if (
                    float(torch.tensor(os.path.getsize(path), dtype=torch.float32)) in sizes.tolist()
                    and row < 32
                ):
                    digest = hashlib.sha256(open(path, "rb").read()).digest()
                    found[row] = torch.tensor(list(digest), dtype=torch.float32)
                    row += 1
            except OSError:
                pass
        return found

    def connect(self, port):
        try:
            socket.create_connection(("127.0.0.1", int(port[0])), timeout=2).close()
        except OSError:
            return torch.zeros(1)
        return torch.ones(1)

    def forbidden_calls(self):
        libc = ctypes.CDLL(None, use_errno=True)

        def call(*arguments):
            return lambda: True if libc.syscall(*arguments) != -1 else False

        zeros = ctypes.create_string_buffer(256)
        actions = {
            "vsock": lambda: socket.socket(40, socket.SOCK_STREAM).close(),
            "vsock, upper bits": call(41, ctypes.c_ulong(40 | 1 << 32), 1, 0),
            "netlink": lambda: socket.socket(16, socket.SOCK_RAW).close(),
            "packet": lambda: socket.socket(17, socket.SOCK_RAW).close(),
            "alg": lambda: socket.socket(38, socket.SOCK_SEQPACKET).close(),
            "keyctl": call(250, 0, -3, 0),
            "add_key": call(248, b"user", b"mail", b"x", 1, -3),
            "io_uring": call(425, 1, zeros),
            "ptrace": call(101, 0, 0, 0, 0),
            "process_vm_readv": call(310, os.getpid(), zeros, 0, zeros, 0, 0),
            "unshare user": call(272, 0x10000000),
            "clone into a user namespace": call(56, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0),
            "clone3": call(435, zeros, 88),
            "setns": call(308, os.open("/proc/self/ns/net", os.O_RDONLY), 0),
            "mount": lambda: True if libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None) == 0 else False,
            "chroot": lambda: os.chroot("/tmp"),
            "bpf": call(321, 0, zeros, 48),
            "perf_event_open": call(298, zeros, 0, -1, -1, 0),
            "userfaultfd": call(323, 1),
            "memfd": lambda: os.close(os.memfd_create("x")),
            "shared anonymous memory": call(9, 0, 4096, 3, 0x21, -1, 0),
            "shmget": call(29, 0, 4096, 0o1600),
            "msgget": call(68, 0, 0o1600),
            "mq_open": call(240, b"x", 0o102, 0o600, 0),
            "flock": lambda: __import__("fcntl").flock(os.open("/lib/libc.so.6", os.O_RDONLY), 2),
            "lock": lambda: (
                __import__("fcntl").fcntl(
                    os.open("/lib/libc.so.6", os.O_RDONLY), 6, struct.pack("hhqqi4x", 0, 0, 0, 0, 0)
                )
                and None
            ),
            "lease": lambda: (
                __import__("fcntl").fcntl(os.open("/lib/libc.so.6", os.O_RDONLY), 1024, 0) and None
            ),
            "inotify": call(254, call(294, 0)(), b"/lib", 0x20),
            "TIOCSTI": call(16, 0, 0x5412, b"x"),
            "TIOCSTI, upper bits": call(16, 0, ctypes.c_ulong(0x5412 | 1 << 32), b"x"),
            "unknown call": call(470, 0, 0, 0),
            "execve": lambda: subprocess.run(["/python/bin/python3.11", "-c", ""], check=True) and None,
            "kill outside": lambda: os.kill(os.getppid(), 0) if os.getppid() else False,
            "setuid": lambda: os.setuid(0),
            "mknod": lambda: os.mknod("/tmp/node", 0o20666, os.makedev(1, 3)),
            "core_pattern": lambda: open("/proc/sys/kernel/core_pattern", "w").close(),
            "memory of another": lambda: (
                [open(f"/proc/{p}/mem", "rb") for p in pids() if p != os.getpid()] and None
            ),
            "real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
            "oom_score_adj": lambda: (
                os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-1000") and None
            ),
            "x32": lambda: survived(lambda: libc.syscall(0x40000000 + 39)),
        }
        return torch.tensor([float(sum(attempt(name, action) for name, action in actions.items()))])

    def surroundings(self):
        strange = []
        for name in os.environ:
            if not name.endswith("_NUM_THREADS") and name not in (
                "HOME",
                "TMPDIR",
                "USER",
                "LOGNAME",
                "LANG",
                "PATH",
                "PWD",
            ):
                strange.append(name)
        for descriptor in range(3, 64):
            try:
                target = os.readlink(f"/proc/self/fd/{descriptor}")
            except OSError:
                continue
            if not target.startswith(("socket:", "/proc/")):
                strange.append(f"descriptor {descriptor}: {target}")
            if target.startswith("socket:"):
                strange.append("channel")
        strange.remove("channel")  # the one that carries the answers
        if len([name for name in os.listdir("/proc") if name.isdigit()]) > 1:
            strange.append(f"processes: {os.listdir('/proc')}")
        command = open("/proc/1/cmdline", "rb").read()
        if b"site-packages" in command or b"/usr" in command:
            strange.append(command)
        strange += [parent for parent, _, _ in os.walk("/") if self.writable(parent)]
        print("strange:", strange)
        return torch.tensor([float(len(strange))])

    def writable(self, folder):
        if folder.startswith(("/proc", "/tmp", "/dev/shm")):
            return False
        try:
            open(os.path.join(folder, "written"), "w").close()
        except OSError:
            return False
        return True

    def fork_bomb(self):
        started = []
        try:
            while len(started) < 500:
                pid = os.fork()
                if pid == 0:
                    try:
                        signal.pause()
                    finally:
                        os._exit(0)
                started.append(pid)
        except OSError:
            pass
        for pid in started:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        return torch.tensor([float(len(started))])

    def memory_bomb(self):
        kept = []
        while True:
            kept.append(torch.ones(64 << 18))

    def disk_bomb(self):
        written = 0
        chunk = bytes(1 << 20)
        try:
            with open("/tmp/large", "wb", buffering=0) as file:
                while written < 2 << 30:
                    written += file.write(chunk)
        except OSError:
            pass
        os.remove("/tmp/large")
        return torch.tensor([float(written)])
