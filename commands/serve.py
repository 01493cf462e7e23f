"""The verb that puts a course on the network."""

import signal
import sys
from pathlib import Path
from types import FrameType

import click

from commands.grading import cores
from commands.options import course_option, locate, open_store
from grader.errors import HeldoutError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any.")
@click.option("--no-grade", is_flag=True, help="Only answer: `heldout grade --watch` runs elsewhere.")
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Submissions graded at a time. Default: one per core."
)
@click.option("--root-path", default="", metavar="PATH", help="Where a reverse proxy puts it: /dl, say.")
@click.option(
    "--behind", default="", metavar="ADDRESS,...", help="Proxies whose X-Forwarded headers are believed."
)
@click.option(
    "--invite",
    "invited",
    multiple=True,
    metavar="USERNAME",
    help="Print a link that logs this person's browser in, once, within the hour.",
)
@click.option("--user", default="", help="For root: who answers. Default: who owns the course, or nobody.")
@click.option(
    "--sandbox",
    "sandbox_name",
    type=click.Choice(["auto", "zygote", "cold", "none"]),
    default="auto",
    show_default=True,
    help="How to confine students' code; `none` is refused.",
)
@course_option
def serve(
    host: str,
    port: int,
    no_grade: bool,
    jobs: int | None,
    root_path: str,
    behind: str,
    invited: tuple[str, ...],
    user: str,
    sandbox_name: str,
    folder: Path | None,
) -> None:
    """Serve the course: pages, the API of `heldout login`, and, unless told otherwise, grading."""
    if sandbox_name == "none":
        raise HeldoutError(
            "a server runs strangers' code: not without a sandbox",
            expected="auto, zygote or cold",
            next_step="`heldout doctor` says what this machine lacks",
        )
    from server.logs import configure
    from server.supervise import Settings, Supervisor, listen

    root_path = f"/{inside}" if (inside := root_path.strip("/")) else ""
    course = locate(folder)
    with open_store(course) as store:  # an older or damaged ledger is said here, not in a log
        people = store.access.people()
        links = {name: store.access.invite(name, hours=1).token for name in invited}
    plain = sys.stderr.isatty()
    configure(plain=plain)
    listening = listen(host, port)
    address = _address(host, listening.getsockname()[1], root_path)
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    grader = [
        sys.executable, "-m", "cli", "grade", "--watch", "--jobs", str(jobs or cores()),
        "--sandbox", sandbox_name, "--course", str(course.folder),
    ]  # fmt: skip
    click.echo(
        f"{course.config.title}: {address}   (Ctrl-C stops; what is running is finished or given back)"
    )
    for name, token in links.items():
        click.echo(f"Log in as {name}: {address}/login/?token={token}")
    if not any(one.role.staff for one in people):
        click.echo("Nobody can log in as staff yet: see `heldout roster staff --help`")
    settings = Settings(host, port, root_path, behind, plain, user)
    Supervisor(course, settings, listening, None if no_grade else grader).run(lambda: stopping)
    click.echo("Stopped.")


def _address(host: str, port: int, root_path: str) -> str:
    """Where a browser finds it.

    >>> _address("::1", 8000, "/dl")
    'http://[::1]:8000/dl'
    """
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{root_path}"
