"""The roster, and tokens to hand out, for the terminal, as CSV and as JSON."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console

from leaderboard.listing import Cell, Column, Style, csv_text, json_text, table, terminal, write
from leaderboard.membership import Grant, Member

INVITATIONS = ("name", "email", "username", "token", "expiresAt")
PEOPLE = ("username", "name", "email", "role", "teamName", "lastSeenAt", "invitedUntil")
WIDE = 120  # columns: where a terminal has fewer, lines go on below, for half a token lets nobody in


def print_invitations(
    invited: Sequence[tuple[Member, Grant]], style: str = "table", *, console: Console | None = None
) -> None:
    """Print whom to tell which token."""
    rows = [(one.name, one.email, one.username, grant.token, grant.expires_at) for one, grant in invited]
    console = console or terminal()
    console.width = max(console.width, WIDE)
    columns = [
        Column("name", flexible=True),
        Column("e-mail", flexible=True),
        Column("username", flexible=True),
        Column("token"),
        Column("until"),
    ]
    _print(INVITATIONS, rows, columns, style, console)


def print_people(people: Sequence[Member], style: str = "table", *, console: Console | None = None) -> None:
    """Print the roster: staff, then students."""
    rows = [
        (one.username, one.name, one.email, str(one.role), one.team, one.last_seen_at, one.invited_until)
        for one in people
    ]
    columns = [
        Column("username", flexible=True),
        Column("name", flexible=True),
        Column("e-mail", flexible=True),
        Column("role"),
        Column("team", flexible=True),
        Column("seen"),
        Column("invited"),
    ]
    _print(PEOPLE, rows, columns, style, console or terminal())


def _print(
    header: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    columns: Sequence[Column],
    style: str,
    console: Console,
) -> None:
    if style == Style.CSV:
        write(csv_text(header, rows))
    elif style == Style.JSON:
        write(json_text(header, rows))
    else:
        console.print(table(columns, [[_said(cell) for cell in row] for row in rows], width=console.width))


def _said(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%d %b %H:%M}"
    return "" if cell is None else str(cell)
