"""The layers without a submission: quick, no torch inside."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pyseccomp
import pytest

from grader.errors import SandboxError
from grader.sandbox import advice, cgroup, mounts, probe, seccomp, slots
from grader.sandbox.cold import ColdSandbox
from grader.sandbox.unconfined import UnconfinedSandbox
from grader.sandbox.zygote import ZygoteSandbox
from grader.spec import Limits

ROOT = Path(__file__).parents[3]


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def gone(pid: int, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def left_behind(temporary: Path) -> dict[str, object]:
    """Of this process: the suite's others have sandboxes of their own."""
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "groups": _groups(),
        "files": sorted(path.name for path in temporary.iterdir()),
        "children": _children(),
    }


def _groups() -> list[Path]:
    hierarchy = cgroup.hierarchy()
    parents = hierarchy.parents.values() if hierarchy else ()
    return [path for parent in parents for path in parent.glob(f"{cgroup.PREFIX}{os.getpid()}-*")]


def _children() -> list[int]:
    found = []
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        with suppress(OSError):
            found += [pid] if parent(pid) == os.getpid() else []
    return found


def test_probe_finds_every_layer_live(cold: ColdSandbox) -> None:
    layers = probe.probe(cold)
    assert [layer for layer in layers if not layer.live] == []
    assert {"network", "files", "seccomp", "rlimits", "deadlines"} <= {layer.layer for layer in layers}


def test_choose_fails_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match="bubblewrap") as caught:
        probe.choose("auto")
    assert "apt install bubblewrap" in caught.value.next_step
    with pytest.raises(SandboxError):
        probe.choose("gpu")
    assert isinstance(probe.choose("none"), UnconfinedSandbox)


def test_a_missing_layer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = probe.Layer("network", False, "a connection succeeded", "report it")
    monkeypatch.setattr(probe, "probe", lambda _: [layer])
    with pytest.raises(SandboxError, match="network"):
        probe.choose("cold")


@pytest.fixture
def bin_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """First on PATH. Not below /tmp: the launcher covers that."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        yield Path(folder)


def pretender(folder: Path, script: str) -> None:
    """A bwrap that behaves otherwise."""
    (folder / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "bwrap").chmod(0o755)
    folder.chmod(0o755)


def test_a_bubblewrap_that_is_too_old(bin_folder: Path) -> None:
    pretender(bin_folder, "echo bubblewrap 0.4.0")
    with pytest.raises(SandboxError, match="bubblewrap") as caught:
        probe.choose("auto")
    assert "0.4.0" in caught.value.where
    assert "0.7 or newer" in caught.value.next_step


@pytest.mark.parametrize(
    ("sysctl", "value", "fix"),
    [
        ("apparmor_restrict_unprivileged_userns", "1", "profile bwrap /usr/bin/bwrap flags=(unconfined)"),
        ("unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
        ("max_user_namespaces", "0", "sysctl user.max_user_namespaces"),
        ("none of these", "", "allow user namespaces; in Docker"),
    ],
)
def test_user_namespaces_that_are_refused(
    sysctl: str, value: str, fix: str, bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named with what most likely refuses them; grading does not start."""
    said = "bwrap: No permissions to create new namespace"
    script = f'[ "$1" = --version ] && echo bubblewrap 0.8.0 && exit\necho "{said}" >&2; exit 1'
    pretender(bin_folder, script)
    monkeypatch.setattr(
        advice, "SYSCTLS", [(str(tmp_path / Path(path).name), *rest) for path, *rest in advice.SYSCTLS]
    )
    (tmp_path / sysctl).write_text(f"{value}\n")
    with pytest.raises(SandboxError, match="user namespaces") as caught:
        probe.choose("auto")
    assert said in caught.value.where
    assert fix in caught.value.next_step


def test_too_little_shared_memory_is_named(cold: ColdSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SHARED_MEMORY", 1 << 50)
    [layer] = [layer for layer in probe.probe(cold) if not layer.live]
    assert layer.layer == "shared memory"
    assert "short of memory" in layer.fix


def test_without_control_groups_the_watchdog_is_named_and_what_to_do() -> None:
    layers = {layer.layer: layer for layer in probe.probe(ColdSandbox(groups=lambda: None))}
    assert (layers["cgroup"].live, layers["cgroup"].required) == (False, False)
    assert "watchdog" in layers["cgroup"].probe
    assert "Delegate=yes" in layers["cgroup"].fix


def test_a_server_refuses_to_run_unconfined() -> None:
    with pytest.raises(SandboxError, match="no sandbox 'none' here"):
        probe.choose("none", unconfined=False)


def test_a_zygote_that_fails_its_self_test_is_not_used(
    cold: ColdSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = probe.Layer("zygote", False, "does not hold in a fork: files", "", required=False)
    monkeypatch.setattr(probe, "probe_zygote", lambda _: broken)
    assert probe.choose("auto").launcher == "cold"
    with pytest.raises(SandboxError, match="zygote"):
        probe.choose("zygote")


def test_a_zygote_that_died_is_started_again(cold: ColdSandbox) -> None:
    with closing(ZygoteSandbox(cold)) as zygote:
        first = zygote.spawn(Limits(), "selftest")
        os.kill(parent(parent(first.pid)), signal.SIGKILL)
        assert first.end().code == 128 + signal.SIGKILL
        second = zygote.spawn(Limits(), "selftest")
        assert second.pid != first.pid
        second.end()


def test_nothing_is_left_of_many_sandboxes(
    cold: ColdSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    once = cold.spawn(Limits(), "selftest")
    once.end()
    once.log.finish(5)
    before = left_behind(tmp_path)
    for number in range(8):
        child = cold.spawn(Limits(), "selftest")
        if number % 2:
            child.channel.close()
        child.end(grace=5 if number % 2 else 0)
        child.log.finish(5)
    assert left_behind(tmp_path) == before


def test_two_sandboxes_have_two_uids(cold: ColdSandbox) -> None:
    children = [cold.spawn(Limits(), "selftest") for _ in range(2)]
    try:
        uids = {Path(f"/proc/{child.pid}").stat().st_uid for child in children}
        assert len(uids) == (2 if os.geteuid() == 0 else 1)
        assert 0 not in uids
    finally:
        for child in children:
            child.end()


def test_slots_are_exclusive(tmp_path: Path) -> None:
    with slots.lease(tmp_path) as first, slots.lease(tmp_path) as second:
        assert first != second
    with slots.lease(tmp_path) as again:
        assert again == first


def test_a_sandbox_dies_with_its_grader(cold: ColdSandbox) -> None:
    source = (
        "import time; from grader.sandbox.cold import ColdSandbox; from grader.spec import Limits;"
        "child = ColdSandbox().spawn(Limits(), 'selftest');"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    grader = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with grader:
        assert grader.stdout
        runner = int(grader.stdout.readline())
        monitor = parent(runner)
        # Until it runs it is bubblewrap's own, with nothing of a student's: see docs/sandbox.md.
        while Path(f"/proc/{runner}/cmdline").read_bytes().startswith(b"bwrap"):
            time.sleep(0.01)
        grader.send_signal(signal.SIGKILL)
    assert gone(monitor)
    assert gone(runner)


def test_what_outlived_its_grader_is_ended_by_the_next(cold: ColdSandbox) -> None:
    if cold.groups is None:
        pytest.skip("no control group can be made here")
    gone_grader = subprocess.Popen(["true"])
    gone_grader.wait()
    name = f"{cgroup._prefix(gone_grader.pid)}0"
    folders = {parent / name for parent in cold.groups.parents.values()}
    with subprocess.Popen(["sleep", "60"]) as orphan:
        for folder in folders:
            folder.mkdir()
            (folder / "cgroup.procs").write_text(str(orphan.pid))
        cgroup._sweep(cold.groups)
        assert orphan.wait(10) == -signal.SIGKILL
    assert not [folder for folder in folders if folder.exists()]


@pytest.mark.parametrize(("events", "full"), [("oom 0\noom_kill 1\n", False), ("oom 3\noom_kill 1\n", True)])
def test_version_2_tells_whose_memory_ended(events: str, full: bool, tmp_path: Path) -> None:
    (tmp_path / "memory.events").write_text(f"low 0\nmax 7\n{events}")
    (tmp_path / "cpu.stat").write_text("usage_usec 2000000\n")
    group = cgroup.Group(2, dict.fromkeys(cgroup.CONTROLLERS, tmp_path))
    assert group.counted() == cgroup.Counted(2.0, 0, 1, full)


def test_a_refused_filter_stops_the_start(cold: ColdSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp, "programs", lambda **_: (b"\xff" * 8,))
    with pytest.raises(SandboxError, match="refused"):
        probe._try_inside(cold)


def test_every_refused_call_has_a_number() -> None:
    assert all(seccomp._number(name) >= 0 for name in seccomp.refused_names())
    with pytest.raises(OSError, match="no_such_call"):
        seccomp._number("no_such_call")


def test_a_host_without_libseccomp_fails_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyseccomp, "resolve_syscall", lambda *_: -1)
    seccomp.programs.cache_clear()
    with pytest.raises(SandboxError, match="filter can't be built"):
        seccomp.programs()
    seccomp.programs.cache_clear()


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user, which only root can")
def test_all_layers_hold_for_an_ordinary_user(cold: ColdSandbox) -> None:
    source = (
        "from grader.sandbox.probe import inspect\n"
        "for layer in inspect():\n    assert layer.live or not layer.required, layer\n"
        "    print(layer.layer, layer.live)"
    )
    user = ["setpriv", "--reuid=61999", "--regid=61999", "--clear-groups"]
    if any(subprocess.run([*user, "test", "-r", path]).returncode for path in (ROOT, sys.executable)):
        pytest.skip("this checkout lies in a closed folder")
    run = subprocess.run([*user, sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "deadlines True" in run.stdout
    assert "zygote True" in run.stdout


def test_the_network_probe_can_succeed_without_the_layer() -> None:
    """The same connection from a plain process reaches the listener: inside, only the layer stops it."""
    with probe._listener() as port:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="lays out a folder that another uid can't read")
def test_an_interpreter_in_a_closed_home_works_for_root(cold: ColdSandbox, tmp_path: Path) -> None:
    """Or, where root may not stage it in mounts of its own, is named as what is missing."""
    shutil.copytree(ROOT / "grader", tmp_path / "closed/grader", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "closed").chmod(0o700)
    source = "from grader.sandbox.probe import probe; print([each for each in probe() if not each.live])"
    lesser = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    for prefix, missing in (([], "[]"), (lesser, "Layer(layer='interpreter', live=False")):
        command = [*prefix, sys.executable, "-c", source]
        run = subprocess.run(command, cwd=tmp_path / "closed", capture_output=True, text=True)
        assert missing in run.stdout, run.stdout + run.stderr


def test_a_system_without_mountinfo_has_no_control_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "absent")
    assert cgroup.hierarchy.__wrapped__() is None
