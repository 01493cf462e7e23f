"""The page of a board: who shares a rank, what the rules say, its charts, and nothing private too early."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from grader.rules import Counts, Rules
from grader.spec import BOARDED, Assignment, RunKind
from leaderboard import boards
from leaderboard.reading import private_board
from leaderboard.records import Row, Step, TeamKind
from leaderboard.store import Store
from leaderboard.web.board import Board
from leaderboard.web.drawing import described
from leaderboard.web.pages import export_site, write_site
from tests.leaderboard.cases import PNG, assignment, judge, probed, scored, send, told
from tests.leaderboard.conftest import START, Clock
from tests.leaderboard.markup import Page, dead_links, snapshot
from tests.leaderboard.test_charts import HOSTILE, climbing, parsed
from tests.leaderboard.test_render import row

TIES = "share a rank, in alphabetical order"
DEADLINE = START + timedelta(days=14)
FREEZE = START + timedelta(days=7)


@pytest.fixture
def store(sqlite_url: str, clock: Clock) -> Store:
    return Store.open(sqlite_url, clock=clock, assignments=lambda slug: assignment())


def ruled(**rules: object) -> Assignment:
    return replace(assignment(), rules=Rules(daily=None, pending=None, **rules))  # type: ignore[arg-type]


def hand_in(store: Store, clock: Clock, team: str, public: float, private: float | None = None) -> int:
    """A submission that is judged a minute later."""
    receipt = send(store, team)
    clock.go(minutes=1)
    judge(store, scored(public, private=public if private is None else private))
    return receipt.ref


def exported(rows: Sequence[Row], folder: Path, **changed: object) -> str:
    """The source of the only board's page."""
    made = replace(Board(assignment(), rows), **changed)  # type: ignore[arg-type]
    export_site("Course", [made], folder)
    return (folder / made.folder / "index.html").read_text(encoding="utf-8")


# ---------------------------------------------------------------- the page


def test_teams_that_share_a_rank_are_one_group_and_a_sentence_says_why(tmp_path: Path) -> None:
    ranks = {"a": 1, "b": 2, "c": 2, "d": 4}
    rows = [row(team, rank=rank, team_id=number) for number, (team, rank) in enumerate(ranks.items(), 1)]
    rows.insert(1, row("unet", rank=0, team_id=9, kind=TeamKind.REFERENCE))
    source = exported(rows, tmp_path)
    groups = re.findall(r"<tbody[^>]*>.*?</tbody>", source, re.DOTALL)
    assert [group.count("<tr") for group in groups] == [1, 1, 2, 1]
    assert [group.startswith('<tbody class="tied">') for group in groups] == [False, False, True, False]
    assert TIES in source
    assert TIES not in exported(rows[:3], tmp_path)


def test_shipped_solutions_side_by_side_are_no_tie(tmp_path: Path) -> None:
    shipped = [row(f"s{i}", rank=0, team_id=i, kind=TeamKind.BASELINE) for i in (1, 2)]
    source = exported(shipped, tmp_path)
    assert TIES not in source
    assert 'class="tied"' not in source


def test_a_page_says_what_the_rules_say(tmp_path: Path) -> None:
    rules = Rules(deadline=DEADLINE, late_until=DEADLINE + timedelta(days=1), freeze=FREEZE)
    rows = [row(entries=1200), row("Bob", entries=34), row("wiener", rank=0, kind=TeamKind.BASELINE)]
    source = exported(rows, tmp_path, assignment=replace(assignment(), rules=rules), shown_at=FREEZE)
    for said in (
        "2 teams, 1,234 entries",
        "moves only when a submission is a significant improvement",
        '<dt>Deadline</dt><dd><time datetime="2026-11-30T09:00:00Z">30 Nov 2026, 09:00 UTC</time>',
        "Late entries, not ranked, until",
        'Frozen as of <time datetime="2026-11-23T09:00:00Z">23 Nov 2026, 09:00 UTC</time>',
    ):
        assert said in source
    plain = exported(rows[:1], tmp_path)
    assert not any(word in plain for word in ("Deadline", "Frozen", "dates"))


def test_who_shares_the_lead_is_told_on_the_index(tmp_path: Path) -> None:
    for rows, says in (([row("Ada")], "leads with 19.25"), ([row("Ada"), row("Bob")], "2 share the lead")):
        exported(rows, tmp_path)
        assert says in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_both_charts_stand_beside_the_page_with_their_words(tmp_path: Path) -> None:
    exported([row(f"team {i}", score=18 + i / 10) for i in range(20)], tmp_path, steps=climbing(5))
    page = tmp_path / "assignments/denoising/board/index.html"
    assert [image["src"] for image in Page(page).images] == ["history.svg", "distribution.svg"]
    for image in Page(page).images:
        chart = (page.parent / str(image["src"])).read_text(encoding="utf-8")
        assert image["alt"] == described(chart) != ""
    assert dead_links(page) == []
    assert "<style" not in page.read_text(encoding="utf-8")


def test_charts_alone_are_always_two() -> None:
    empty = Board(assignment(), [])
    for chart in (empty.history, empty.distribution):
        assert "Nothing has been scored yet" in chart.svg


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_markup_in_charts_or_on_a_private_page(name: str, tmp_path: Path) -> None:
    shown = [
        Board(
            assignment(),
            [row(name, badges=("starter-only",)), *[row(f"team {i}", score=18.0 + i) for i in range(teams)]],
            private=private,
            steps=[Step(name, kind, START, 19.0, 0.1) for kind in TeamKind],
        )
        for private, teams in ((False, 3), (True, 15))
    ]
    export_site(name, shown, tmp_path)
    assert len(list(tmp_path.rglob("*.html"))) == 5
    for path in tmp_path.rglob("*.html"):
        assert "script" not in Page(path).tags
        assert Page(path).active == []
        assert dead_links(path) == []
    charts = list(tmp_path.glob("assignments/**/*.svg"))
    assert len(charts) == 4
    for path in charts:
        parsed(path.read_text(encoding="utf-8"))
    for path in [*tmp_path.rglob("*.html"), *charts]:
        assert not {"\x1b", "\x9b", "\u202e", "\x00"} & set(path.read_text(encoding="utf-8"))


# ---------------------------------------------------------------- public and private


def contents(site: Path) -> bytes:
    return b"".join(name.encode() + content for name, (content, _) in snapshot(site).items())


def test_nothing_private_is_exported_before_the_reveal_and_nothing_stays_after_its_undoing(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    """Ada leads on the public board, Bob on the private one, where a selected entry of his counts."""
    ruled_by = ruled(counts=Counts.SELECTED)
    hand_in(store, clock, "Ada", 29.9, 27.71)
    hand_in(store, clock, "Bob", 29.1, 26.62)
    quiet = send(store, "Bob").ref
    clock.go(minutes=1)
    judge(store, replace(scored(28.33, private=28.44), pictures={"examples": PNG + b"withheld"}))
    store.decisions.select([quiet], ruled_by)
    secret = re.compile(
        rb"27\.71|26\.62|28\.33|28\.44|27\.61|28\.54|withheld|[Pp]rivate (leader)?board|/private|/%d-" % quiet
    )
    site = tmp_path / "site"
    write_site(store, "Course", [ruled_by], site)
    assert secret.search(contents(site)) is None

    store.decisions.reveal(ruled_by)
    write_site(store, "Course", [ruled_by], site)
    found = (site / "assignments/denoising/board/private/index.html").read_text(encoding="utf-8")
    assert (
        found.index("<bdi>Bob</bdi>") < found.index("<strong>28.44</strong>") < found.index("<bdi>Ada</bdi>")
    )
    assert 'class="up">↑1<' in found
    assert 'class="down">↓1<' in found
    assert "28.33" not in contents(site).decode("utf-8", "replace"), "the public board stays as it was"
    assert [dead_links(path) for path in site.rglob("*.html")] == [[]] * len(list(site.rglob("*.html")))

    store.decisions.reveal(ruled_by, undo=True)
    write_site(store, "Course", [ruled_by], site)
    assert secret.search(contents(site)) is None
    store.close()


def test_public_and_private_pages_link_to_each_other(store: Store, clock: Clock, tmp_path: Path) -> None:
    for kind in BOARDED:
        send(store, "Ada", run_kind=kind)
        judge(store)
    store.decisions.reveal(ruled())
    index = write_site(store, "Course", [ruled()], tmp_path / "site")
    folders = ["board", "board/private", "train", "train/private"]
    pages = [tmp_path / "site" / "assignments/denoising" / folder / "index.html" for folder in folders]
    for page in [index, *pages]:
        linked = {(page.parent / link).resolve() for link in Page(page).links}
        assert {other.resolve() for other in pages if other != page} <= linked
    assert "Private leaderboard" in pages[1].read_text(encoding="utf-8")
    before = snapshot(tmp_path / "site")
    clock.go(days=3)
    write_site(store, "Course", [ruled()], tmp_path / "site")
    assert snapshot(tmp_path / "site") == before
    store.close()


def test_a_frozen_board_tells_nothing_of_what_came_later(store: Store, clock: Clock, tmp_path: Path) -> None:
    frozen = ruled(freeze=FREEZE, reveal=DEADLINE)
    hand_in(store, clock, "Ada", 18.05)
    store.refresh_all()
    clock.now = FREEZE + timedelta(hours=1)
    hand_in(store, clock, "Ada", 19.76)
    hand_in(store, clock, "Late", 19.87)
    write_site(store, "Course", [frozen], tmp_path / "site")
    assert re.search(rb"19\.76|19\.87|Late", contents(tmp_path / "site")) is None
    assert b"to 23 Nov 2026, 09:00 UTC" in contents(tmp_path / "site")
    clock.now = DEADLINE
    write_site(store, "Course", [frozen], tmp_path / "site")
    for shown in (b"19.76", b"19.87", b"Late", b"Private leaderboard"):
        assert shown in contents(tmp_path / "site")
    assert b"Frozen" not in contents(tmp_path / "site")
    store.close()


def test_the_private_board_is_compared_with_the_public_one(store: Store, clock: Clock) -> None:
    for team, public, private in (("Ada", 19.9, 17.0), ("Bob", 19.0, 19.0), ("Eve", 18.0, 18.0)):
        hand_in(store, clock, team, public, private)
    clock.go(days=9)  # by then no rank has changed within a day
    assert [(one.team, one.change) for one in private_board(store, ruled())] == [
        ("Bob", "↑1"), ("Eve", "↑1"), ("Ada", "↓2"),
    ]  # fmt: skip
    store.close()


# ---------------------------------------------------------------- history


def moves(store: Store, which: Assignment, **shown: object) -> list[tuple[str, float]]:
    steps = store.history(boards.Board(which, RunKind.EVALUATE), **shown)  # type: ignore[arg-type]
    assert all(earlier.at <= later.at for earlier, later in itertools.pairwise(steps))
    return [(step.team, round(step.score, 2)) for step in steps]


def test_a_history_has_every_score_that_was_told_and_no_other(url: str, clock: Clock) -> None:
    store = Store.open(url, clock=clock, assignments=lambda slug: assignment())
    hand_in(store, clock, "Ada", 18.0, 17.0)
    hand_in(store, clock, "Bob", 18.5)
    clock.go(days=1)
    hand_in(store, clock, "Ada", 18.0)  # no improvement
    halfway = clock.now
    clock.go(days=1)
    hand_in(store, clock, "Ada", 19.0, 17.5)
    every = [("Ada", 18.0), ("Bob", 18.5), ("Ada", 19.0)]
    assert moves(store, ruled()) == every
    assert moves(store, ruled(), at=halfway) == every[:2]
    assert moves(store, ruled(), private=True) == [("Ada", 17.0), ("Bob", 18.5), ("Ada", 17.5)]
    freeze = ruled(freeze=halfway)
    assert moves(store, freeze) == every[:2]
    assert moves(store, freeze, live=True) == every
    first = store.history(boards.Board(ruled(), RunKind.EVALUATE))[0]
    assert first.kind is TeamKind.STUDENT
    assert first.half_width == pytest.approx(0.1)
    assert store.history(boards.Board(ruled(), RunKind.TRAIN)) == []
    store.close()


def test_a_history_names_only_who_is_on_the_board(store: Store, clock: Clock) -> None:
    hand_in(store, clock, "Ada", 18.0)
    hand_in(store, clock, "Bob", 18.5)
    clock.go(days=1)
    before = clock.now
    store.decisions.disqualify(ruled(), "Bob", "copied")
    clock.go(days=1)
    assert moves(store, ruled()) == [("Ada", 18.0)]
    assert moves(store, ruled(), at=before - timedelta(hours=1)) == [("Ada", 18.0), ("Bob", 18.5)]
    store.decisions.reinstate(ruled(), "Bob")
    assert moves(store, ruled()) == [("Ada", 18.0), ("Bob", 18.5)], "the same score is no step"
    store.close()


def test_a_history_ends_where_the_board_stands(store: Store, clock: Clock) -> None:
    luck = np.random.default_rng(5)
    for number in range(12):
        clock.go(hours=1)
        send(store, f"team {number % 4}")
        judge(store, probed(18 + number / 10 + luck.normal(0, 2, 300)))
    last = dict(moves(store, ruled()))
    assert last == {team: round(score, 2) for team, score in told(store)}
    store.close()
