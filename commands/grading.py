"""Verbs of the operator: grading what is queued, the shipped solutions, the sandbox's health."""

import logging
import os
import signal
import threading
from pathlib import Path
from types import FrameType

import click

from commands.options import (
    course_option,
    format_option,
    locate,
    open_store,
    sandbox_option,
)


@click.command()
@click.option("--watch", is_flag=True, help="Keep waiting for submissions until stopped.")
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Submissions graded at a time. Default: one per core."
)
@click.option("--until-eof", "watched", is_flag=True, hidden=True, help="Stop when standard input ends.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="What models are trained and asked on; `auto`: what their assignment says.",
)
@click.option(
    "--scheduler", "address", metavar="URL", help="Let workers of a cluster do it: tls://HOST:PORT."
)
@click.option(
    "--certificates",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="HELDOUT_CERTIFICATES",
    help="With tls://: folder with ca.pem, grader.pem and grader.key.",
)
@sandbox_option
@course_option
def grade(
    watch: bool,
    jobs: int | None,
    watched: bool,
    device: str,
    address: str | None,
    certificates: Path | None,
    sandbox_name: str,
    folder: Path | None,
) -> None:
    """Grade what is queued. Several graders may work on one course: leases keep them apart."""
    from commands.workbench import on_a_cluster, on_this_machine
    from grader.errors import SENT_HOME

    course = locate(folder)
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        click.echo("Stopping: what is running is brought to its end.", err=True)
        signal.signal(number, interrupt)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if watched:
        threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    store = open_store(course)
    if address is None:
        bench = on_this_machine(course, store, jobs=jobs or cores(), sandbox_name=sandbox_name, device=device)
    else:
        logging.basicConfig(format="%(message)s")
        bench = on_a_cluster(course, store, (address, certificates, jobs), device=device, wait=watch)
    with bench:
        graded = bench.run(watch=watch, until=lambda: stopping)
    click.echo(f"Graded {graded}." if graded else "Nothing was queued.")
    if watched and bench.drained:
        raise SystemExit(SENT_HOME)


@click.command()
@format_option
def doctor(style: str) -> None:
    """Show which layers of the sandbox are live on this machine, and what to do about those that aren't."""
    from grader.sandbox.probe import inspect
    from leaderboard.render import print_layers

    layers = inspect()
    print_layers(layers, style)
    if not all(layer.live for layer in layers if layer.required):
        raise SystemExit(1)


def interrupt(number: int, frame: FrameType | None) -> None:
    """The second time: what runs is given back, at no cost."""
    signal.signal(number, signal.SIG_DFL)  # a third signal ends it at once; the lease covers it
    raise KeyboardInterrupt


def _stop_at_end_of_input() -> None:
    """Whoever started this one has gone: somebody who takes its place starts another."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
