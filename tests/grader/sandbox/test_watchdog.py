"""What the watchdog counts where no control group does: processor time that never becomes less."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from grader.sandbox.watchdog import Tally, Times, times

Processes = dict[int, Times]


@pytest.fixture
def processes() -> Processes:
    return {1: Times(10, 5.0), 2: Times(11, 3.0)}


@pytest.fixture
def tally(processes: Processes) -> Tally:
    made = Tally(processes.get)
    made.look([1, 2])
    assert made.seconds == 8.0
    return made


def end(processes: Processes) -> list[int]:
    del processes[2]
    return [1]


def end_unseen(processes: Processes) -> list[int]:
    del processes[2]
    return [1, 2]


def overlook(processes: Processes) -> list[int]:
    return [1]


def give_away(processes: Processes) -> list[int]:
    processes[2] = Times(99, 7.0)
    return [1]


@pytest.mark.parametrize("change", [end, end_unseen, overlook, give_away])
def test_what_has_ended_stays_counted_and_once(
    change: Callable[[Processes], list[int]], tally: Tally, processes: Processes
) -> None:
    pids = change(processes)
    for _ in range(3):
        tally.look(pids)
        assert tally.seconds == 8.0


def test_a_number_given_out_again_takes_nothing_back(tally: Tally, processes: Processes) -> None:
    processes[2] = Times(99, 0.5)
    tally.look([1, 2])
    assert tally.seconds == 5.0 + 3.0 + 0.5
    processes[1], processes[2] = Times(10, 6.0), Times(99, 1.0)
    tally.look([2, 1])
    assert tally.seconds == 6.0 + 3.0 + 1.0


def test_children_too_short_to_be_seen_are_counted_when_they_are_waited_for(
    tally: Tally, processes: Processes
) -> None:
    processes[1] = Times(10, 5.0, waited=4.0)
    tally.look([1, 2])
    assert tally.seconds == 5.0 + 4.0 + 3.0
    before = times(os.getpid())
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"], check=True)
    after = times(os.getpid())
    assert before is not None
    assert after is not None
    assert after.waited - before.waited >= 0.25


def test_times_are_those_of_the_system() -> None:
    before = times(os.getpid())
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    after = times(os.getpid())
    assert before is not None
    assert after is not None
    assert before.started == after.started
    assert after.seconds - before.seconds > 0.1
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert times(ended.pid) is None
