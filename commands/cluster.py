"""Verbs for many machines: the scheduler in the middle, and a worker on each."""

import logging
import os
import signal
import sys
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from commands.grading import cores
from commands.options import sandbox_option
from grader.errors import HeldoutError, Unavailable

if TYPE_CHECKING:
    from cluster.addresses import Address

FOLDER = click.Path(path_type=Path, file_okay=False)
CERTIFICATES = "Folder with ca.pem and this role's certificate and key; needed for tls://."


@click.command()
@click.argument("address")
@click.option("--certificates", type=FOLDER, envvar="HELDOUT_CERTIFICATES", help=CERTIFICATES)
def scheduler(address: str, certificates: Path | None) -> None:
    """Start the scheduler of a cluster at ADDRESS: tls://HOST:PORT, or tcp://127.0.0.1:PORT."""
    from cluster.addresses import parse
    from cluster.scheduler import schedule

    _log()
    try:
        schedule(parse(address), certificates, lambda at: click.echo(f"The scheduler listens at {at}"))
    except OSError as error:
        raise HeldoutError(
            f"the scheduler can't listen at {address}",
            where=error.strerror or str(error),
            expected="an address of this machine, and a port that nobody has",
            next_step="name another",
        ) from error
    click.echo("Stopped.")


@click.command()
@click.argument("address", metavar="SCHEDULER", required=False)
@click.option("--slots", type=click.IntRange(min=0), help="Submissions at a time. Default: one per core.")
@click.option(
    "--gpus",
    metavar="auto|none|0,1",
    help="Which GPUs to offer, a slot of its own for each. Default: all; of Slurm's jobs what they have.",
)
@click.option("--certificates", type=FOLDER, envvar="HELDOUT_CERTIFICATES", help=CERTIFICATES)
@click.option("--cache", type=FOLDER, help="Where what is sent of courses is kept. Default: in ~/.cache.")
@click.option("--host", default="", help="This machine's address for the others. Default: found.")
@sandbox_option
@click.option(
    "--make-certificates",
    "making",
    type=FOLDER,
    metavar="DIR",
    help="Make an authority and certificates in DIR, and nothing else.",
)
@click.option(
    "--for", "hosts", multiple=True, metavar="HOST", help="With that: a machine they are for; many."
)
@click.option("--slurm", "jobs", type=click.IntRange(min=1), help="Queue so many jobs that run workers.")
@click.option(
    "--slurm-option",
    "options",
    multiple=True,
    metavar="OPTION",
    help="With that: an option of sbatch, --partition=gpu say; --gres, --gpus, --mem and --time are known.",
)
@click.option("--slurm-script", is_flag=True, help="Show the job's script, and queue nothing.")
def worker(
    address: str | None,
    slots: int | None,
    gpus: str | None,
    certificates: Path | None,
    cache: Path | None,
    host: str,
    sandbox_name: str,
    making: Path | None,
    hosts: tuple[str, ...],
    jobs: int | None,
    options: tuple[str, ...],
    slurm_script: bool,
) -> None:
    """Grade on this machine what SCHEDULER hands out; a process for each slot."""
    from cluster import certificates as papers
    from cluster.addresses import parse

    if making is not None:
        papers.make(making, hosts)
        click.echo(
            f"Made {making}. Each machine needs ca.pem and the two files of its role, worker, scheduler or "
            "grader, in a folder of mode 0700; ca.key stays here."
        )
        return
    if address is None:
        raise HeldoutError("which scheduler?", expected="heldout worker tls://HOST:PORT")
    at = parse(address)
    if jobs or slurm_script:
        words = _words(at, certificates, cache, host, sandbox_name)
        _queue(words, (slots, gpus), jobs or 0, options)
        return
    _work(at, certificates, sandbox_name, (slots, gpus or "auto"), cache, host)


def _words(
    at: "Address", certificates: Path | None, cache: Path | None, host: str, sandbox_name: str
) -> list[str]:
    """What `heldout worker` is given on another machine, as it was given here."""
    _check_confined(at, sandbox_name)
    given = {
        "--certificates": certificates and str(certificates.resolve()),
        "--cache": cache and str(cache.absolute()),
        "--host": host,
        "--sandbox": sandbox_name,
    }
    return [str(at), *(word for name, value in given.items() if value for word in (name, value))]


def _queue(
    words: list[str], offered: tuple[int | None, str | None], jobs: int, options: tuple[str, ...]
) -> None:
    from cluster.slurm import read, script, submit

    wanted = read(offered[0], options, offered[1])
    if not jobs:
        click.echo(script(wanted, words))
        return
    click.echo(f"Queued: {', '.join(submit(wanted, words, jobs))}")


def _work(
    at: "Address",
    certificates: Path | None,
    sandbox_name: str,
    offered: tuple[int | None, str],
    cache: Path | None,
    host: str,
) -> None:
    from cluster import machine, settings
    from cluster.knock import knock
    from cluster.worker import Slot
    from grader.sandbox.probe import choose

    _log()
    _check_confined(at, sandbox_name)
    settings.configure()
    security = settings.security(at, certificates, "worker")
    planned = machine.plan(offered[0], offered[1], cores=cores(), present=machine.present())
    with closing(choose("none" if sandbox_name == "none" else "cold")):
        pass  # what is missing is said once, not by each worker
    try:
        knock(at, security)
    except Unavailable as error:
        logging.getLogger(__name__).warning("%s\nwaiting for it", error)
    slot = Slot("", at, certificates, sandbox_name, cache or _cache(), Path(), host)
    with machine.Machine(slot, planned) as running:

        def stop(number: int, frame: FrameType | None) -> None:
            click.echo("Stopping: what is running is brought to its end.", err=True)
            running.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        number = sum(gpu is not None for gpu in planned)
        click.echo(f"{len(planned) - number} slots for CPUs and {number} for GPUs, for {at}")
        running.run()
    click.echo("Stopped.")


def _check_confined(at: "Address", sandbox_name: str) -> None:
    if sandbox_name == "none" and at.is_encrypted:
        raise HeldoutError("a cluster runs strangers' code: not without a sandbox", expected="auto")


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "heldout" / "worker"


def _log() -> None:
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
