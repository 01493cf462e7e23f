"""The real sandbox with a layer taken off: the control that shows an attack works but for that layer."""

import os
import tempfile
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from grader.sandbox import Sandbox, bubblewrap, cgroup, cold
from grader.sandbox.child import Child
from grader.sandbox.cold import ColdSandbox
from grader.sandbox.gpu import Gpu
from grader.sandbox.session import Boot
from grader.sandbox.unconfined import UnconfinedSandbox
from grader.spec import Limits

MORE_OF_IT = ["--uid", "0", "--gid", "0", "--cap-add", "ALL"]  # the last word counts
LEFT = "mark-of-another"
NAMESPACES = {"network": "net", "processes": "pid", "ipc": "ipc", "hostname": "uts"}


def without(layers: str) -> Sandbox:
    """The cold sandbox without these layers ("seccomp network", say); "all" leaves a plain process.

    "root" does so where it is root's: elsewhere there is nothing that such an attack could have.
    """
    if layers == "root":
        if os.geteuid() != 0:
            pytest.skip("the grader is not root")
        return UnconfinedSandbox()
    return UnconfinedSandbox() if layers == "all" else Without(frozenset(layers.split()))


class Without(ColdSandbox):
    def __init__(self, layers: frozenset[str]) -> None:
        known = {
            "seccomp",
            "rlimits",
            "environment",
            "files",
            "read-only",
            "descriptors",
            "cgroup",
            "capabilities",
            "leftovers",
            "counters",
            *NAMESPACES,
        }
        assert layers <= known, f"no such layer: {layers - known}"
        super().__init__(groups=(lambda: None) if "cgroup" in layers else cgroup.hierarchy)
        self._off = layers

    def boot(self, limits: Limits) -> Boot:
        boot = super().boot(limits)
        if "seccomp" in self._off:
            boot = replace(boot, programs=())
        return replace(boot, rlimits={}) if "rlimits" in self._off else boot

    def spawn(self, limits: Limits, module: str = "main", *, trusted: bool = False) -> Child:
        with patch.object(bubblewrap, "hidden", lambda _: {}) if "counters" in self._off else nullcontext():
            child = self._spawned(limits, module, trusted)
        if "leftovers" in self._off:
            child.held.callback(self._kept.cleanup)
        return child

    def _spawned(self, limits: Limits, module: str, trusted: bool) -> Child:
        if "descriptors" not in self._off:
            return super().spawn(limits, module, trusted=trusted)
        start = cold._start

        def leaky(spec: dict[str, Any], output: int, passed: tuple[int, ...]) -> Any:
            return start(spec, output, (*passed, *_forgotten()))

        with patch.object(cold, "_start", leaky):
            return super().spawn(limits, module, trusted=trusted)

    def _spec(self, limits: Limits, module: str, gpu: Gpu | None, **descriptors: int) -> dict[str, Any]:
        spec = super()._spec(limits, module, gpu, **descriptors)
        dropped = {f"--unshare-{NAMESPACES[layer]}" for layer in self._off & set(NAMESPACES)}
        if "processes" in self._off:
            dropped.add("--as-pid-1")
        if "environment" in self._off:
            dropped.add("--clearenv")
        spec["arguments"] = [word for word in spec["arguments"] if word not in dropped]
        if "read-only" in self._off:
            spec["arguments"] += [
                word for source, target in spec["devices"] for word in ("--dev-bind", source, target)
            ]
            spec["devices"] = []
        if "capabilities" in self._off:
            spec["arguments"] += MORE_OF_IT
        if "leftovers" in self._off:
            spec["arguments"] += ["--bind", self._shared_folder(), "/shared"]
        if "files" in self._off:
            spec["binds"] = [["/", "/host"], *spec["binds"]]
        return spec

    def _shared_folder(self) -> str:
        """That all sandboxes may write, with what an earlier one left. Not below /tmp: that is covered."""
        self._kept = tempfile.TemporaryDirectory(dir="/var/tmp")
        folder = Path(self._kept.name)
        folder.chmod(0o777)
        (folder / LEFT).touch()
        return str(folder)


def _forgotten() -> list[int]:
    """Every descriptor of ours that a program we start would inherit if we let it."""
    found = []
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        with suppress(OSError):
            if descriptor > 2 and os.get_inheritable(descriptor):
                found.append(descriptor)
    return found
