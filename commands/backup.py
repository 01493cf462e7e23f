"""Verbs of the operator: a backup of a course that is running, and a course from its backup."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import FOLDER, course_option, locate

if TYPE_CHECKING:
    from rich.table import Table

    from grader.bundle import Manifest

INCOMPLETE = 3  # exit status: done, but something is missing in the course itself
MB = 1e6


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="Write nothing: read the backup TARGET and compare checksums.")
@course_option
def backup(target: Path, verify: bool, folder: Path | None) -> None:
    """Copy a running course to TARGET, a new file or a folder for it.

    Database, archives, settings, seed and data, as they are at one moment, with a checksum of each. Exits
    with 3 when something is missing in the course itself: it is named, and all the rest is backed up.
    """
    if verify:
        _verify(target)
        return
    from commands.saving import save

    saved = save(locate(folder), target)
    click.echo(f"Backed up: {saved.path}, {saved.size / MB:,.1f} MB: {_counts(saved.manifest)}.")
    click.echo(_secret(saved.path))
    click.echo(f"Read it once more where it will lie: heldout backup --verify {saved.path.name}")
    _tell_missing(saved.manifest)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option(
    "--database", default="", metavar="URL", help="An empty PostgreSQL. Default: the one in course.toml."
)
def restore(file: Path, folder: Path, database: str) -> None:
    """Make DIR, new or empty, the course that FILE is a backup of.

    It is there when all of it has been proved, or not at all. Exits with 3 when it lacks what it lacked when
    it was backed up.
    """
    from commands.restoring import restore as restored_from
    from leaderboard.listing import terminal

    restored = restored_from(file, folder, database)
    manifest = restored.manifest
    click.echo(f"Restored: {restored.folder}, {_told(manifest)}.")
    rows = [
        ("files", len(manifest.members), "size and SHA-256 of each are the manifest's"),
        ("rows", sum(manifest.rows.values()), f"as many in each of {len(manifest.rows)} tables as backed up"),
        ("submissions", restored.submissions, f"{restored.archives:,} archives, as they were received"),
        ("data", restored.data, "as they were drawn"),
    ]
    console = terminal()
    console.print(_table(rows, console.width))
    click.echo(f"The database: {restored.database}, revision {manifest.revision}.")
    if restored.is_older:
        click.echo(
            f"It is from an older version of Heldout. Upgrade it: heldout course init {restored.folder}"
        )
    _tell_missing(manifest)


def _verify(path: Path) -> None:
    from grader.bundle import opened

    with opened(path) as bundle:
        bundle.verify()
        manifest = bundle.manifest
    click.echo(f"Whole: {path}, {_told(manifest)}: {_counts(manifest)}.")
    _tell_missing(manifest)


def _told(manifest: "Manifest") -> str:
    from leaderboard.plain import one_line

    return f'"{one_line(manifest.title)}" as of {manifest.made_at:%d %b %Y %H:%M:%S} UTC'


def _counts(manifest: "Manifest") -> str:
    archives = sum(name.startswith("archives/") for name in manifest.members)
    data = {name.split("/")[1] for name in manifest.members if name.startswith("data/")}
    rows = f"{sum(manifest.rows.values()):,} rows of revision {manifest.revision}"
    return f"{rows}, {archives:,} archives, data of {', '.join(sorted(data)) or 'no assignment'}"


def _secret(path: Path) -> str:
    mode = path.stat().st_mode & 0o777
    holds = "It holds the secret seed, the held-out answers and the grades: keep it as secret as the course"
    if mode & 0o077:
        return f"{holds}. This disk keeps no permissions: whoever gets at it can read it."
    return f"{holds} (mode {mode:04o}: only you can read it)."


def _table(rows: list[tuple[str, int, str]], width: int) -> "Table":
    from leaderboard.listing import Column, table

    columns = [Column("what"), Column("count", "right"), Column("proved", flexible=True)]
    return table(columns, [(what, f"{count:,}", proved) for what, count, proved in rows], width=width)


def _tell_missing(manifest: "Manifest") -> None:
    from leaderboard.plain import one_line

    for name, why in manifest.missing.items():
        click.echo(f"Not in it: {one_line(name)}: {one_line(why)}", err=True)
    if manifest.missing:
        click.echo("All the rest is in it. Look for these in older backups.", err=True)
        raise SystemExit(INCOMPLETE)
