"""Verbs that say who one is: to a server, once, from then on to whoever asks."""

import os
import sys
from typing import TYPE_CHECKING

import click

from commands.options import credentials, current_server, format_option, say
from grader.errors import Denied, HeldoutError

if TYPE_CHECKING:
    from leaderboard.membership import Person

ME = ("server", "username", "name", "role", "team", "expiresAt")


@click.command()
@click.argument("url")
@click.option("--token", help="The one-time token of your invitation. Default: it is asked for.")
@click.option("--insecure", is_flag=True, help="Over plain HTTP, where the network is yours alone.")
def login(url: str, token: str | None, insecure: bool) -> None:
    """Log in to the server at URL, once on each machine.

    URL may be the link of your invitation as it is. Where you are logged in already, that server becomes the
    current one.
    """
    from desk.credentials import SERVER, TOKEN, invitation
    from desk.remote import log_in

    server, invited = invitation(url)
    token = token or invited or _piped()
    if not token and _is_in(server):
        return
    found, entry = log_in(server, token or _asked(), insecure=insecure)
    credentials().keep(entry)
    click.echo(f"You are logged in to {server} as {_named(found.person)}, until {found.expires_at:%d %b %Y}.")
    for name in (SERVER, TOKEN):
        if os.environ.get(name):
            say(f"The variable {name} is set, and wins over this.")


def _is_in(server: str) -> bool:
    """Whether one is in already; then that server is the current one from now on."""
    from desk.remote import RemoteDesk

    known = credentials().stored().servers.get(server)
    if known is None:
        return False
    try:
        with RemoteDesk(known, said=say) as desk:
            me = desk.me()
    except Denied:
        return False
    credentials().keep(known)
    click.echo(f"You are logged in to {server} already, as {_named(me.person)}; it is the current server.")
    return True


def _piped() -> str:
    """A line of standard input, unless that is a terminal."""
    return "" if _is_terminal() else sys.stdin.readline().strip()


def _asked() -> str:
    """From the terminal, unseen."""
    if _is_terminal():
        return str(click.prompt("One-time token", hide_input=True, err=True)).strip()
    raise HeldoutError(
        "no token was given", expected="the one-time token of your invitation", next_step="--token TOKEN"
    )


def _is_terminal() -> bool:
    return sys.stdin.isatty()


@click.command()
def logout() -> None:
    """End this machine's log-in to the current server."""
    server = current_server()
    try:
        server.log_out()
    except Denied:
        pass  # it had ended
    except HeldoutError as error:
        say(f"{error.what}: it was not told, and your token ends when its time is over.")
    credentials().forget(server.address)
    click.echo(f"You are logged out of {server.address}.")


@click.command()
@format_option
def whoami(style: str) -> None:
    """Show who you are to the current server."""
    from leaderboard.listing import csv_text, json_text, write

    server = current_server()
    one, ends = server.me().person, server.login.expires_at
    if style == "table":
        click.echo(f"{_named(one)}, at {server.address}{f' until {ends:%d %b %Y}' if ends else ''}")
        return
    cells = [(server.address, one.username, one.name, str(one.role), one.team, ends)]
    write((csv_text if style == "csv" else json_text)(ME, cells))


@click.command()
def link() -> None:
    """Print a link that logs your browser in, once."""
    click.echo(current_server().link())
    say("It is good for one log-in, and for a few minutes: keep it to yourself.")


def _named(one: "Person") -> str:
    from leaderboard.plain import one_line

    team = f", team {one_line(one.team)}" if one.team else ""
    return f"{one_line(one.name)} ({one_line(one.username)}), {one.role}{team}"
