"""Rules as an instructor writes them: what contradicts itself is refused with the line that has to change."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.course import Config, Settings, init, open_course
from grader.errors import HeldoutError
from grader.rules import Counts, Rules

TIMES = ["opens", "deadline", "late_until", "merge_until", "freeze", "reveal"]


def day(number: int, hour: int = 18) -> str:
    return f"2026-11-{number:02}T{hour:02}:00:00Z"


def read(folder: Path, text: str) -> Rules:
    course = init(folder / "course", Config(assignments={"other": Settings()}))
    (course.folder / "course.toml").write_text(f"format = 1\n{text}\n")
    return open_course(course.folder).config.assignments["toy"].rules


def line_of(error: HeldoutError) -> int:
    return int(error.where.rpartition("line ")[2])


TABLE = "[assignments.toy.rules]"
DEADLINE = f"deadline = {day(20)}"


@pytest.mark.parametrize(
    ("lines", "says", "line"),
    [
        ([f"opens = {day(21)}", DEADLINE], "opens = .* is after deadline", 3),
        ([DEADLINE, f"opens = {day(21)}"], "opens = .* is after deadline", 4),
        ([f"late_until = {day(21)}"], "late_until is set, but no deadline is", 3),
        ([f"late_until = {day(19)}", DEADLINE], "deadline = .* is after late_until", 4),
        ([DEADLINE, f"merge_until = {day(21)}"], "merge_until = .* is after deadline", 4),
        (["team_size = 1", f"merge_until = {day(21)}"], "lets nobody merge", 4),
        ([f"reveal = {day(20)}", f"freeze = {day(21)}"], "freeze = .* is after reveal", 4),
        ([f"opens = {day(21)}", f"freeze = {day(20)}"], "opens = .* is after freeze", 3),
        ([f"opens = {day(21)}", f"reveal = {day(20)}"], "opens = .* is after reveal", 3),
        ([DEADLINE, f"reveal = {day(19)}"], "reveal = .* is before .* until when some may submit", 4),
        ([DEADLINE, f"late_until = {day(22)}", f"reveal = {day(21)}"], "reveal = .* is before", 5),
        (["total = 4", "daily = 5"], "daily = 5 is more than total = 4", 4),
        (["pending = 5", "total = 4"], "pending = 5 is more than total = 4", 3),
        (["selections = 5", "total = 4"], "selections = 5 is more than total = 4", 3),
        ([f"extensions = {{ ada = {day(21)} }}"], r"extensions\.ada is set, but no deadline is", 3),
        ([DEADLINE, f"extensions = {{ ada = {day(19)} }}"], r"is after extensions\.ada", 4),
        ([DEADLINE, f'extensions = {{ "a.b" = {day(19)} }}'], r"is after extensions\.a\.b", 4),
        ([DEADLINE, f"extensions = {{ ada = {day(22)} }}", f"reveal = {day(21)}"], "reveal = .* before", 5),
        ([DEADLINE, "", "[assignments.toy.rules.extensions]", f"ada = {day(19)}"], "after extensions.ada", 6),
        ([DEADLINE, "[assignments.toy.rules.extensions]", f'"a.b" = {day(19)}'], "after extensions.a.b", 5),
        (["[assignments.toy.rules.extensions]", f"bob = {day(19)}"], "no deadline is", 4),
        ([DEADLINE, "[assignments.toy.rules.extensions]", f"a.b = {day(21)}"], "has quotes around it", 5),
        ([DEADLINE, "[assignments.toy.rules.extensions]", "ada = 2026-11-21T18:00:00"], "timezone", 5),
        (["daily = 0"], "greater than 0", 3),
        (["daily = true"], "valid integer", 3),
        (['pending = "many"'], "valid integer", 3),
        (['team_size = "unlimited"'], "valid integer", 3),
        (["total = 2.5"], "valid integer", 3),
        (["pending = -1"], "greater than 0", 3),
        (["cooldown_seconds = -1.0"], "greater than or equal to 0", 3),
        (["cooldown_seconds = inf"], "finite", 3),
        (["cooldown_seconds = nan"], "finite", 3),
        (["cooldown_seconds = 1e30"], "less than or equal", 3),
        (["public_share = 0.0"], "greater than 0", 3),
        (["public_share = 1.0"], "less than 1", 3),
        (['counts = "worst"'], "'best', 'last' or 'selected'", 3),
        (["# daily = 5", "dayly = 5"], "extra inputs are not permitted", 4),
    ],
    ids=lambda value: "; ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, lines: list[str], says: str, line: int) -> None:
    with pytest.raises(HeldoutError, match=says) as caught:
        read(tmp_path, "\n".join([TABLE, *lines]))
    assert line_of(caught.value) == line
    assert "correct that line" in caught.value.next_step


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize(
    "value", ["2026-11-21T18:00:00", "2026-11-21", "18:00:00", "20261121", '"20261121"', '""', '"tomorrow"']
)
def test_a_time_is_an_instant_with_its_zone(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(HeldoutError, match=rf"setting assignments\.toy\.rules\.{name}: ") as caught:
        read(tmp_path, f"{TABLE}\n{name} = {value}")
    assert line_of(caught.value) == 3
    assert caught.value.expected == "a time with its zone, 2026-11-21T18:00:00Z say"


@pytest.mark.parametrize(
    "text",
    [
        "[assignments.toy.rules]\ndaily = 0",
        '[assignments."toy".rules]\ndaily = 0',
        "[ assignments . 'toy' . rules ]  # ours\ndaily = 0",
        "[assignments.toy]\nrules.daily = 0",
        "[assignments.toy]\nrules = { total = 9, daily = 0 }",
        '[assignments.other.rules]\n[assignments.toy]\n"rules" . "daily" = 0',
    ],
)
def test_however_a_table_is_written_its_line_is_found(tmp_path: Path, text: str) -> None:
    with pytest.raises(HeldoutError, match=r"setting assignments\.toy\.rules\.daily") as caught:
        read(tmp_path, text)
    assert line_of(caught.value) == 1 + len(text.splitlines())


def test_both_forms_of_extensions_are_read_alike(tmp_path: Path) -> None:
    for folder, text in (
        ("inline", f"extensions = {{ ada = {day(21)}, 'b.c' = {day(22)} }}"),
        ("table", f"[assignments.toy.rules.extensions]\nada = {day(21)}\n'b.c' = {day(22)}"),
    ):
        (tmp_path / folder).mkdir()
        found = read(tmp_path / folder, f"{TABLE}\n{DEADLINE}\n{text}")
        assert list(found.extensions) == ["ada", "b.c"]
        assert found.extensions["ada"] == datetime(2026, 11, 21, 18, tzinfo=UTC)


def test_what_is_left_out_contradicts_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, f"{TABLE}\ntotal = 1\nteam_size = 1")
    assert (found.daily, found.total, found.counts) == (5, 1, Counts.SELECTED)


def test_a_limit_can_be_lifted(tmp_path: Path) -> None:
    lifted = "\n".join(f'{name} = "unlimited"' for name in ("daily", "total", "pending"))
    found = read(tmp_path, f"{TABLE}\n{lifted}\nselections = 9")
    assert (found.daily, found.total, found.pending) == (None, None, None)
    assert Rules.model_validate(found.model_dump(mode="json")) == found, "as a board keeps them"


def test_a_lifted_limit_contradicts_nothing() -> None:
    found = Rules.model_validate({"total": 4, "daily": "unlimited", "pending": "unlimited"})
    assert (found.daily, found.total, found.pending) == (None, 4, None)


def test_equal_times_are_no_contradiction(tmp_path: Path) -> None:
    found = read(tmp_path, TABLE + "".join(f"\n{name} = {day(20)}" for name in TIMES))
    assert {getattr(found, name) for name in TIMES} == {datetime(2026, 11, 20, 18, tzinfo=UTC)}


def test_times_of_other_zones_are_compared_as_instants(tmp_path: Path) -> None:
    text = f"{TABLE}\ndeadline = 2026-11-20T18:00:00-05:00\nreveal = 2026-11-20T23:00:00Z"
    assert read(tmp_path, text).reveal == datetime(2026, 11, 20, 23, tzinfo=UTC)


def test_a_team_has_its_members_latest_deadline() -> None:
    first, later, latest = (datetime(2026, 11, number, tzinfo=UTC) for number in (20, 21, 22))
    rules = Rules(deadline=first, late_until=later, extensions={"Ada": latest, "carol": later})
    assert rules.deadline_of(["bob"]) == first
    assert rules.deadline_of(["bob", "ada"]) == latest, "usernames are the same in any case"
    assert rules.deadline_of(["carol"], granted=latest) == latest
    assert rules.deadline_of(["ada"], granted=later) == latest
    assert rules.closes(first) == later
    assert rules.closes(latest) == latest
    assert Rules().deadline_of(["ada"], granted=later) is None, "no deadline, no extension"
