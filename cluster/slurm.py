"""Workers as jobs of Slurm, whose scripts dask-jobqueue writes. They stay when who asked for them is gone."""

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dask_jobqueue.slurm import SLURMJob

from grader.errors import HeldoutError

NOTICE = 300  # seconds before a job's time is up: it takes nothing new then, and ends what it has begun
JOB = re.compile(r"Submitted batch job (\d+)")
GPUS = re.compile(r"gpu(?::[a-zA-Z][^:,]*)?(?::(\d+))?(?:\(.*\))?")  # of --gres: gpu, gpu:2, gpu:h100:2

BY_NAME = "--gpus", "--gpus-per-node"


@dataclass(frozen=True)
class Wanted:
    """Of each job. `options` go to sbatch as they are, "--partition=gpu", say; `gpus`: what they ask for."""

    slots: int = 4
    gpus: int = 0
    memory: str = "16GB"
    walltime: str = "08:00:00"
    options: Sequence[str] = ()
    offered: str = "none"  # GPUs, as `heldout worker --gpus` has them


class WorkerJob(SLURMJob):
    """A job that runs `heldout worker` where Dask's own would run `dask worker`."""

    def __init__(self, wanted: Wanted, worker: Sequence[str]) -> None:
        every: dict[str, Any] = {
            "scheduler": "",
            "name": "heldout",
            "job_name": "heldout-worker",
            "cores": wanted.slots + wanted.gpus,
            "processes": 1,
            "memory": wanted.memory,
            "walltime": wanted.walltime,
            "job_extra_directives": [
                f"--signal=B:TERM@{NOTICE}",
                *wanted.options,
            ],
        }
        super().__init__(**every)  # type: ignore[no-untyped-call]
        self._command_template = f"exec {shlex.join(worker)}"  # so that Slurm's signal reaches it


def read(slots: int | None, options: Sequence[str], offered: str | None = None) -> Wanted:
    """From a command line; for memory and time dask-jobqueue has words of its own.

    `offered`: by default those GPUs that Slurm gives to the job, which aren't all that its machine has.

    >>> read(2, ["--gpus=h100:1", "--mem=32GB"])
    Wanted(slots=2, gpus=1, memory='32GB', walltime='08:00:00', options=('--gpus=h100:1',), offered='auto')
    """
    named = dict(word.split("=", 1) for word in options if "=" in word)
    asked = [
        *named.get("--gres", "").split(","),
        *(f"gpu:{named[name]}" for name in BY_NAME if name in named),
    ]
    gpus = sum(map(_gpus, asked))
    known = [word for word in options if word.split("=")[0] in ("--mem", "--time")]
    return Wanted(
        slots=Wanted.slots if slots is None else slots,
        gpus=gpus,
        memory=named.get("--mem", Wanted.memory),
        walltime=named.get("--time", Wanted.walltime),
        options=tuple(word for word in options if word not in known),
        offered=offered or ("auto" if gpus else "none"),
    )


def _gpus(resource: str) -> int:
    """
    >>> [_gpus(each) for each in ("gpu", "gpu:2", "gpu:a100_3g.20gb:4", "gpu:a100:2(S:0)", "nvme:3", "")]
    [1, 2, 4, 2, 0, 0]
    """
    found = GPUS.fullmatch(resource)
    return int(found[1] or 1) if found else 0


def script(wanted: Wanted, arguments: Sequence[str]) -> str:
    """What sbatch is given; `arguments` are those of `heldout worker`."""
    return str(_job(wanted, arguments).job_script())  # type: ignore[no-untyped-call]


def submit(wanted: Wanted, arguments: Sequence[str], count: int) -> list[str]:
    """Queue jobs; return their numbers. Raises HeldoutError with the words of Slurm."""
    job, numbers = _job(wanted, arguments), []
    with job.job_file() as path:
        for _ in range(count):
            numbers.append(_submitted([*shlex.split(job.submit_command), path]))
    return numbers


def _job(wanted: Wanted, arguments: Sequence[str]) -> WorkerJob:
    own = ["--slots", str(wanted.slots), "--gpus", wanted.offered]
    return WorkerJob(wanted, [sys.executable, "-m", "cli", "worker", *arguments, *own])


def _submitted(command: Sequence[str]) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _refused(str(error)) from error
    found = JOB.search(ran.stdout)
    if ran.returncode or found is None:
        raise _refused((ran.stderr or ran.stdout).strip()[:500])
    return found[1]


def _refused(said: str) -> HeldoutError:
    return HeldoutError(
        "Slurm took no job",
        where=said,
        expected="`sbatch` on this machine, and options that the cluster takes",
        next_step="--slurm-script shows what would be submitted",
    )
