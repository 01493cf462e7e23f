"""The real sandbox with a layer taken off: the control that shows an attack works but for that layer."""

from dataclasses import replace
from typing import Any

from grader.sandbox import Sandbox
from grader.sandbox.cold import ColdSandbox
from grader.sandbox.session import Boot
from grader.sandbox.unconfined import UnconfinedSandbox
from grader.spec import Limits

NAMESPACES = {"network": "net", "processes": "pid", "ipc": "ipc", "hostname": "uts"}


def without(layers: str) -> Sandbox:
    """The cold sandbox without these layers ("seccomp network", say); "all" leaves a plain process."""
    return UnconfinedSandbox() if layers == "all" else Without(frozenset(layers.split()))


class Without(ColdSandbox):
    def __init__(self, layers: frozenset[str]) -> None:
        known = {"seccomp", "rlimits", "environment", "files", "read-only", *NAMESPACES}
        assert layers <= known, f"no such layer: {layers - known}"
        super().__init__()
        self._off = layers

    def boot(self, limits: Limits, seconds: float) -> Boot:
        boot = super().boot(limits, seconds)
        if "seccomp" in self._off:
            boot = replace(boot, programs=())
        return replace(boot, rlimits={}) if "rlimits" in self._off else boot

    def _spec(self, limits: Limits, module: str, **descriptors: int) -> dict[str, Any]:
        spec = super()._spec(limits, module, **descriptors)
        dropped = {f"--unshare-{NAMESPACES[layer]}" for layer in self._off & set(NAMESPACES)}
        if "processes" in self._off:
            dropped.add("--as-pid-1")
        if "environment" in self._off:
            dropped.add("--clearenv")
        spec["arguments"] = [word for word in spec["arguments"] if word not in dropped]
        if "files" in self._off:
            spec["binds"] = [["/", "/host"], *spec["binds"]]
        return spec
