"""The verb that trains and judges a submission again by its own seeds."""

from pathlib import Path

import click

from commands.options import course_option, format_option, locate, open_store, sandbox_option


@click.command()
@click.argument("ref", type=int)
@format_option
@sandbox_option
@course_option
def reproduce(ref: int, style: str, sandbox_name: str, folder: Path | None) -> None:
    """Train and judge REF again by its own seeds; compare bit for bit.

    What came out otherwise on the same kind of machine makes the entry "not deterministic" on the board, and
    the exit status 1.
    """
    from commands.repeating import repeat
    from leaderboard.render_operations import print_reproduction

    course = locate(folder)
    found = repeat(course, open_store(course), ref, sandbox_name=sandbox_name)
    print_reproduction(found, style)
    if not found.same:
        raise SystemExit(1)
