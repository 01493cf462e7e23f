"""Rules, quotas, regrades and the audit log for the terminal, as CSV and as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.outline import Metric, Outline
from leaderboard.boards import Board, heading
from leaderboard.listing import Cell, Column, Style, csv_text, json_text, table, terminal, write
from leaderboard.plain import one_line
from leaderboard.ranking import rank
from leaderboard.records import Event, Quota, Regrade, Snapshot, Team


def _print(
    header: Sequence[str], rows: Sequence[Sequence[Cell]], style: str, shown: Table, console: Console | None
) -> None:
    if style == Style.CSV:
        write(csv_text(header, rows))
    elif style == Style.JSON:
        write(json_text(header, rows))
    else:
        (console or terminal()).print(shown)


# ---------------------------------------------------------------- limits and rules


QUOTA = (
    "today", "daily", "used", "total", "pending", "mostPending",
    "opens", "deadline", "closes", "nextAt", "left",
)  # fmt: skip
LIMITS = ("daily", "total", "pending")


def print_quota(quota: Quota, style: str = "table", *, console: Console | None = None) -> None:
    """Print what a team may still hand in: Kaggle's submission limits."""
    row = (
        quota.today,
        quota.daily,
        quota.used,
        quota.total,
        quota.pending,
        quota.most_pending,
        quota.opens,
        quota.deadline,
        quota.closes,
        quota.next_at,
        quota.left,
    )
    facts = [
        ("left today", "no limit" if quota.left is None else str(quota.left)),
        ("today", _of(quota.today, quota.daily)),
        ("in all", _of(quota.used, quota.total)),
        ("waiting or graded now", _of(quota.pending, quota.most_pending)),
        ("opens", _said(quota.opens)),
        ("deadline", _said(quota.deadline)),
        ("late until", _said(quota.closes) if quota.closes != quota.deadline else ""),
        ("next one from", _said(quota.next_at)),
    ]
    _print(QUOTA, [row], style, _grid(facts), console)


def _of(used: int, limit: int | None) -> str:
    return f"{used:,} of {limit:,}" if limit is not None else f"{used:,}, no limit"


def _said(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%a, %d %b %Y %H:%M:%S} UTC" if moment else ""


def _grid(facts: Sequence[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in facts:
        if text:
            grid.add_row(label, Text(one_line(text)))
    return grid


def print_rules(assignment: Outline, *, console: Console | None = None) -> None:
    """Print an assignment's rules, by the names that the configuration has for them."""
    facts = []
    for name in type(assignment.rules).model_fields:
        value = getattr(assignment.rules, name)
        lifted = value is None and name in LIMITS
        facts.append((name, "no limit" if lifted else _rule(value)))
    console = console or terminal()
    console.print(Text(assignment.title, "bold"))
    console.print(_grid(facts))


def _rule(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{who}: {_said(until)}" for who, until in value.items())
    if isinstance(value, datetime):
        return _said(value)
    return "" if value in (None, "", 0.0) else str(value)


# ---------------------------------------------------------------- who would move


@dataclass(frozen=True)
class Move:
    """A team that a change would move. None: not on that board."""

    team: str
    rank: int | None
    new_rank: int | None
    score: float | None
    new_score: float | None


def moves(before: Snapshot, after: Snapshot, assignment: Outline) -> list[Move]:
    """Teams and shipped solutions whose rank or score differs, in the order of the new board."""
    old = {row.team_id: row for row in rank(before, assignment.metric, tier_of=assignment.tier_of)}
    new = {row.team_id: row for row in rank(after, assignment.metric, tier_of=assignment.tier_of)}
    found = []
    for team_id in [*new, *(gone for gone in old if gone not in new)]:
        was, now = old.get(team_id), new.get(team_id)
        named = now or was
        assert named
        move = Move(
            named.team,
            was.rank if was else None,
            now.rank if now else None,
            was.score if was else None,
            now.score if now else None,
        )
        if (move.rank, move.score) != (move.new_rank, move.new_score):
            found.append(move)
    return found


@dataclass(frozen=True)
class Moves:
    """Those of one board."""

    board: Board
    private: bool
    found: Sequence[Move]


MOVES = ("assignment", "runKind", "split", "team", "rank", "newRank", "score", "newScore")


def print_moves(listed: Sequence[Moves], style: str = "table", *, console: Console | None = None) -> None:
    """Print who moves on each board."""
    console = console or terminal()
    if style == Style.TABLE:
        for one in listed:
            nobody = Text(f"{_title(one)}: nobody moves")
            console.print(_moves_table(one, width=console.width) if one.found else nobody)
        return
    rows = [
        (
            one.board.slug,
            str(one.board.run_kind),
            "private" if one.private else "public",
            move.team,
            move.rank,
            move.new_rank,
            move.score,
            move.new_score,
        )
        for one in listed
        for move in one.found
    ]
    write(csv_text(MOVES, rows) if style == Style.CSV else json_text(MOVES, rows))


def _moves_table(one: Moves, *, width: int) -> Table:
    metric = one.board.assignment.metric
    columns = [
        Column("team", flexible=True),
        Column("#", "right"),
        Column("→ #", "right"),
        Column(metric.label, "right"),
        Column("→", "right"),
    ]
    cells: list[list[Text | str]] = [
        [
            move.team,
            _rank(move.rank),
            _rank(move.new_rank),
            _score(move.score, metric),
            _score(move.new_score, metric),
        ]
        for move in one.found
    ]
    return table(columns, cells, width=width, title=_title(one))


def _title(one: Moves) -> str:
    split = "private" if one.private else "public"
    return f"{heading(one.board.assignment, one.board.run_kind)}: {split} board"


def _rank(number: int | None) -> str:
    return "—" if number is None else str(number or "·")


def _score(value: float | None, metric: Metric) -> str:
    return "—" if value is None else f"{value:z.{metric.digits}f}"


REGRADE = ("number", "assignment", "reason", "state", "dataVersion", "submissions", "waiting", "broken")


def print_regrade(one: Regrade, style: str = "table", *, console: Console | None = None) -> None:
    """Print where a set stands, and what to do next."""
    if style != Style.TABLE:
        write(csv_text(REGRADE, [astuple(one)]) if style == Style.CSV else json_text(REGRADE, [astuple(one)]))
        return
    done = one.submissions - one.waiting - one.broken
    text = f"Regrade {one.number} of {one.assignment} ({one_line(one.reason)}): {one.state}"
    text += f", {done} of {one.submissions} judged"
    if one.broken:
        text += f", {one.broken} broke on our side and keep what they have"
    if one.data_version > 1:
        text += f", on version {one.data_version} of the data"
    console = console or terminal()
    console.print(Text(text + "."))
    if one.state == "open":
        step = "run `heldout grade`" if one.waiting else "look with --preview, then --apply or --cancel"
        console.print(Text(f"Next: {step}.", "dim"))


# ---------------------------------------------------------------- teams and events


def print_teams(teams: Sequence[Team], style: str = "table", *, console: Console | None = None) -> None:
    """Print teams with their members' usernames."""
    rows = [(one.team_id, one.name, str(one.kind), one.members) for one in teams]
    shown = table(
        [
            Column("id", "right"),
            Column("team", flexible=True),
            Column("kind"),
            Column("members", flexible=True),
        ],
        [[str(one.team_id), one.name, str(one.kind), ", ".join(one.members)] for one in teams],
        width=(console or terminal()).width,
    )
    _print(("teamId", "teamName", "kind", "members"), rows, style, shown, console)


def print_events(events: Sequence[Event], style: str = "table", *, console: Console | None = None) -> None:
    """Print the audit log."""
    rows = [(one.at, one.actor, one.action, one.subject, _detail(one)) for one in events]
    shown = table(
        [
            Column("when"),
            Column("who"),
            Column("what"),
            Column("of", flexible=True),
            Column("detail", flexible=True),
        ],
        [[f"{at:%Y-%m-%d %H:%M}", *rest] for at, *rest in rows],
        width=(console or terminal()).width,
    )
    shown.columns[-1].no_wrap, shown.columns[-1].overflow = False, "fold"  # a reason is there to be read
    _print(("at", "actor", "action", "subject", "detail"), rows, style, shown, console)


def _detail(one: Event) -> str:
    return ", ".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in one.detail.items()
        if value is not None
    )
