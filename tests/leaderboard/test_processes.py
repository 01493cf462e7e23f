"""Several processes on one ledger, some of them killed."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from leaderboard.reading import board
from leaderboard.records import State
from leaderboard.store import Store
from tests.leaderboard.cases import assignment, judge, scored, send, take
from tests.leaderboard.conftest import START, Clock

HOME = Path(__file__).resolve().parents[2]
CLAIM_ALL = """
import json, sys
from leaderboard.store import Store
store = Store.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
claimed = []
while job := store.claim(sys.argv[2], 60.0):
    claimed.append(job.ref)
print(json.dumps(claimed))
"""
CLAIM_ONE = """
import sys, time
from leaderboard.store import Store
store = Store.open(sys.argv[1])
print(store.claim("victim", 0.5).ref, flush=True)
while True:
    time.sleep(1)
"""
RECORD = """
import sys
from leaderboard.store import Store
from tests.leaderboard.cases import assignment, scored
store = Store.open(sys.argv[1], assignments=lambda slug: assignment())
job = store.claim("grader", 60.0)
print("ready", flush=True)
sys.stdin.readline()
assert store.record(job, scored())
print(job.ref)
"""
SEND = """
import sys
from leaderboard.store import Store
from tests.leaderboard.cases import send
store = Store.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(send(store, content="the same").ref)
"""


def start(code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HOME,
    )


def go(processes: "list[subprocess.Popen[str]]") -> list[str]:
    """Let processes that are ready loose at the same moment; return what each printed."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=60)[0] for process in processes]


def test_two_processes_never_claim_the_same(url: str) -> None:
    with Store.open(url) as store:
        refs = [send(store, f"team {number % 7}").ref for number in range(60)]
    claimed = [json.loads(one) for one in go([start(CLAIM_ALL, url, name) for name in ("one", "two")])]
    assert sorted(claimed[0] + claimed[1]) == refs


def test_the_same_bytes_at_the_same_moment_are_one_submission(url: str) -> None:
    with Store.open(url) as store:
        send(store)
    printed = go([start(SEND, url) for _ in range(3)])
    assert len(set(printed)) == 1
    with Store.open(url) as store:
        assert len(store.submissions("denoising")) == 2


def test_two_processes_record_for_a_new_board_at_the_same_moment(url: str) -> None:
    with Store.open(url) as store:
        refs = [send(store, team).ref for team in ("Ada", "Bob", "Cyd", "Dan")]
    assert sorted(int(one) for one in go([start(RECORD, url) for _ in refs])) == refs


def test_a_killed_claimers_job_comes_back(url: str) -> None:
    with Store.open(url) as store:
        ref = send(store).ref
        victim = start(CLAIM_ONE, url)
        assert victim.stdout is not None
        assert int(victim.stdout.readline()) == ref
        os.kill(victim.pid, signal.SIGKILL)
        victim.communicate()
        assert store.submission(ref).state is State.RUNNING
        deadline = time.monotonic() + 10
        while not store.sweep():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        job = take(store)
        assert (job.ref, job.attempt) == (ref, 2)
        assert store.record(job, scored())
        assert store.submission(ref).state is State.SCORED


def test_a_clock_that_goes_backwards_loses_nothing(store: Store, clock: Clock) -> None:
    first = send(store).ref
    clock.go(days=-1)
    second = send(store).ref
    assert second > first
    jobs = [take(store), take(store)]
    clock.go(days=-1)
    assert store.sweep() == 0
    assert all(store.record(job, scored()) for job in jobs)
    assert [row.entries for row in board(store, assignment())] == [2]


def test_leases_end_although_the_clock_was_set_back(store: Store, clock: Clock) -> None:
    send(store, "Ada")
    send(store, "Bob")
    dead, living = take(store), take(store)
    clock.go(days=-1)
    assert store.sweep() == 0
    clock.go(seconds=40)
    assert store.renew(living)
    clock.go(seconds=40)
    assert store.sweep() == 1
    assert not store.record(dead, scored())
    assert store.record(living, scored())


def test_history_has_a_team_once_although_the_clock_was_set_back(store: Store, clock: Clock) -> None:
    scores = [19.0, 20.0, 21.0]
    for score, minutes in zip(scores, (90, -30, -600), strict=True):
        send(store, "Ada")
        judge(store, scored(score))
        clock.go(minutes=minutes)
    told_at = [
        [row.score for row in board(store, assignment(), at=START + timedelta(minutes=minute))]
        for minute in range(-1, 100, 7)
    ]
    assert max(len(rows) for rows in told_at) == 1
    assert [rows[0] for rows in told_at[1:]] == sorted(rows[0] for rows in told_at[1:])
    assert [row.score for row in board(store, assignment())] == [21.0]


def test_ties_are_the_latest_although_the_clock_was_set_back(store: Store, clock: Clock) -> None:
    for team, score in (("Ada", 19.0), ("Bob", 25.0), ("Ada", 30.0)):
        send(store, team)
        judge(store, scored(score))
        ranks = {row.team: row.rank for row in board(store, assignment())}
        clock.go(hours=-1)
    assert ranks == {"Ada": 1, "Bob": 2}
