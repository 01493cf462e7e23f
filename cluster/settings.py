"""Dask's settings, as grading wants them. Variables of Dask's own (`DASK_DISTRIBUTED__…`) win over these."""

import logging
from pathlib import Path

import dask
from distributed.security import Security

from cluster import certificates
from cluster.addresses import Address
from grader.errors import HeldoutError

log = logging.getLogger(__name__)

OURS = {
    # A job that kills its worker is our fault at once, and the ledger counts: Dask's own retries would take
    # three more workers down for each that the ledger grants.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,  # each task has one worker, and each worker one task
    "distributed.scheduler.worker-ttl": "60s",  # as the ledger's leases
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.use-file-locking": False,
    "distributed.diagnostics.nvml": False,  # a CUDA library in a process that forks
    "distributed.admin.large-graph-warning-threshold": "1GiB",  # archives and data travel as they are
    "distributed.admin.low-level-log-length": 100,  # of what gradings tell of themselves, by grader
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.comm.timeouts.connect": "10s",
    "distributed.comm.timeouts.tcp": "30s",  # without an answer a peer is dead
    "distributed.comm.compression": False,  # archives and data are compressed or noise
}


def configure(level: int = logging.WARNING) -> None:
    """For this process; `level`: of Dask's own log. Who dispatches says in words what it would say there."""
    for name in ("distributed", "tornado", "asyncio", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(level)
    dask.config.set(OURS)
    dask.config.update(dask.config.config, dask.config.collect_env(), priority="new")


def security(address: Address, folder: Path | None, role: str) -> Security:
    """What is shown to others and demanded of them. Raises HeldoutError where it is missing or unusable."""
    if not address.is_encrypted:
        return Security(require_encryption=False)
    if folder is None:
        raise HeldoutError(
            f"{address} needs certificates",
            expected=f"--certificates DIR with ca.pem, {role}.pem and {role}.key",
            next_step="heldout worker --make-certificates DIR, once; then copy what each machine needs",
        )
    if warning := certificates.check(folder, role):
        log.warning("%s", warning)
    files = {"pem": str(folder / f"{role}.pem"), "key": str(folder / f"{role}.key")}
    named = {
        f"tls_{theirs}_{part}": files[suffix]
        for theirs in ("client", "scheduler", "worker")
        for part, suffix in (("cert", "pem"), ("key", "key"))
    }
    return Security(require_encryption=True, tls_ca_file=str(folder / "ca.pem"), **named)
