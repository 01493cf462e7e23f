"""Verbs of the instructor: who is let into the course's server, and as what."""

from pathlib import Path

import click

from commands.options import course_option, format_option, locate, open_store

HOURS = 72.0


@click.group()
def token() -> None:
    """Let people into the course's server, and keep them out."""


@token.command()
@click.argument("usernames", metavar="[USERNAME]...", nargs=-1)
@click.option("--all", "everybody", is_flag=True, help="Everybody on the roster, staff as well.")
@click.option(
    "--hours",
    type=click.FloatRange(min=0, min_open=True),
    default=HOURS,
    show_default=True,
    help="How long each is good.",
)
@format_option
@course_option
def reset(usernames: tuple[str, ...], everybody: bool, hours: float, style: str, folder: Path | None) -> None:
    """Make tokens to log in with, each good once. Earlier ones that were not used end; who is in stays in."""
    from leaderboard.people_listing import print_invitations

    if everybody == bool(usernames):
        raise click.UsageError("name usernames, or --all")
    access = open_store(locate(folder)).access
    invited = access.invite_all(None if everybody else usernames, hours=hours)
    print_invitations(invited, style)


@token.command()
@click.argument("username")
@course_option
def revoke(username: str, folder: Path | None) -> None:
    """Log somebody out everywhere, and end invitations that were not used."""
    ended = open_store(locate(folder)).access.revoke(username)
    click.echo(f"{username} is logged out; {ended} token{'s' * (ended != 1)} ended.")


# ---------------------------------------------------------------- parts of `heldout roster`


@click.command()
@click.argument("name")
@click.argument("email")
@click.argument("username")
@click.option(
    "--role",
    type=click.Choice(["instructor", "observer"]),
    required=True,
    help="An observer sees what an instructor sees, and decides nothing.",
)
@course_option
def staff(name: str, email: str, username: str, role: str, folder: Path | None) -> None:
    """Add one of the staff, or correct NAME, EMAIL and role of one."""
    from leaderboard.membership import Role

    added = open_store(locate(folder)).access.add_staff(name, email, username, Role(role))
    click.echo(f"{added.username} is {'an' if role[0] in 'aeiou' else 'a'} {role}.")
    click.echo(f"A token to log in with: heldout token reset {added.username}", err=True)


@click.command()
@click.argument("username")
@course_option
def remove(username: str, folder: Path | None) -> None:
    """Take somebody off the staff, and log them out everywhere."""
    open_store(locate(folder)).access.remove_staff(username)
    click.echo(f"{username} is no longer of the staff; `heldout roster staff` undoes it.")


@click.command("list")
@format_option
@course_option
def list_people(style: str, folder: Path | None) -> None:
    """List staff and students: team, when last seen, until when invited."""
    from leaderboard.people_listing import print_people

    print_people(open_store(locate(folder)).access.people(), style)
