"""Stolen time is forgiven, but never all of it."""

from collections.abc import Sequence

import pytest

from grader.sandbox.clock import Clock, Ticks, read_ticks


def told(readings: Sequence[tuple[float, int, int]]) -> float:
    """What a clock says at the last of some readings of (wall seconds, ticks wanted, ticks stolen)."""
    walls = iter([wall for wall, _, _ in readings])
    ticks = iter([Ticks(wanted, stolen) for _, wanted, stolen in readings])
    clock = Clock(lambda: next(ticks), lambda: next(walls))
    return [clock.now() for _ in readings[1:]][-1]


@pytest.mark.parametrize(
    ("readings", "seconds"),
    [
        ([(100.0, 0, 0), (110.0, 1000, 0)], 10.0),
        ([(100.0, 0, 0), (110.0, 0, 0)], 10.0),
        ([(100.0, 50, 50), (110.0, 1050, 550)], 5.5),
        ([(100.0, 0, 0), (110.0, 1000, 1000)], 1.0),
        ([(0.0, 0, 0), (10.0, 1000, 1000), (20.0, 2000, 1000)], 11.0),
    ],
    ids=["nothing stolen", "all asleep", "half stolen", "all stolen", "first stolen, then not"],
)
def test_stolen_time_is_forgiven(readings: list[tuple[float, int, int]], seconds: float) -> None:
    assert told(readings) == pytest.approx(seconds)


def test_this_machine_is_read() -> None:
    assert read_ticks().wanted > 0
    assert 0 <= read_ticks().stolen <= read_ticks().wanted
