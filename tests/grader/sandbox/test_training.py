"""Trainings in the real sandbox: cut by processor time, sealed as they go, told of, and loaded afterwards."""

import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from grader.errors import BadSubmission, Reason
from grader.sandbox import Allowance, Replay, Sandbox, Tensor, TensorSpec, Trained, Usage
from grader.sandbox.clock import IDLE, ProcessorClock
from grader.sandbox.cold import ColdSandbox
from grader.sandbox.unconfined import UnconfinedSandbox
from grader.spec import Budget, Limits

Pack = Callable[..., bytes]
Ask = Callable[..., np.ndarray]

MODEL = """
class Model:
    def __init__(self, words):
        self.words = words
    def denoise(self, x):
        return x * 0 + len(self.words)

def load(folder, device):
    return Model((folder / "words.txt").read_text())
"""
HEAD = """
import multiprocessing, os, sys, time
import torch

def save(out, text):
    (out / "words.txt").write_text(text)

def burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass

def train(data, out, budget, device, seed):
"""
STEPS_FOR_EVER = """
    for step in range(10**9):
        burn(0.05)
        save(out, "x" * (step + 1))
        budget.step(1.0 / (step + 1))  # and its answer is not heeded
"""


@dataclass(frozen=True)
class Seen:
    trained: Trained
    usage: Usage
    told: list[tuple[int, float, float]]
    seconds: float


@pytest.fixture
def train(cold: Sandbox, pack: Pack) -> Callable[..., Seen]:
    return trainer(cold, pack)


@pytest.fixture
def train_without_groups(pack: Pack) -> Callable[..., Seen]:
    """Where the watchdog counts."""
    return trainer(ColdSandbox(groups=lambda: None), pack)


def trainer(sandbox: Sandbox, pack: Pack) -> Callable[..., Seen]:
    def run(
        body: str,
        *,
        seconds: float = 30.0,
        memory: int = 2048,
        seed: int = 5,
        replay: Replay | None = None,
    ) -> Seen:
        budget = Budget(cpu_seconds=seconds)
        limits = Limits(memory_bytes=memory << 20)
        archive = pack(MODEL, **{"train.py": HEAD + textwrap.indent(textwrap.dedent(body), "    ")})
        told: list[tuple[int, float, float]] = []
        data = {"images": Tensor(TensorSpec("uint8", (2, 3)), bytes(range(6)))}
        with sandbox.open_training(archive, limits, budget) as session:
            started = time.monotonic()
            trained = session.train(data, seed, lambda *each: told.append(each), replay)
        return Seen(trained, session.usage, told, time.monotonic() - started)

    return run


def failure(train: Callable[..., Seen], body: str, **options: float) -> BadSubmission:
    with pytest.raises(BadSubmission) as caught:
        train(body, **options)
    return caught.value


def test_it_trains_on_the_data_by_the_seed_and_is_loaded_afterwards(
    train: Callable[..., Seen], cold: Sandbox, pack: Pack, ask: Ask
) -> None:
    seen = train("""
        images = data["images"]
        assert images.dtype == torch.uint8 and images.tolist() == [[0, 1, 2], [3, 4, 5]] and seed == 5
        assert budget.step(0.25) and 0 < budget.left() <= budget.seconds == 30
        save(out, "seven..")
    """)
    assert (seen.trained.steps, seen.trained.cut) == (1, False)
    assert 0 < seen.usage.cpu_seconds < 30
    assert 0 < seen.usage.wall_seconds < seen.seconds + 10
    assert seen.usage.peak_bytes > 0
    assert seen.told[-1][:2] == (1, 0.25)
    x = np.ones((1, 1), np.float32)
    archive, limits = pack(MODEL), Limits()
    with cold.open(
        archive, limits, Allowance(60), public=True, checkpoint=seen.trained.checkpoint
    ) as session:
        assert ask(session, "denoise", (1, 1), x) == 7


def test_the_end_of_the_budget_cuts_and_what_was_sealed_last_counts(train: Callable[..., Seen]) -> None:
    seen = train(STEPS_FOR_EVER, seconds=4.0)
    assert seen.trained.cut
    assert seen.trained.checkpoint
    assert 3.0 < seen.usage.cpu_seconds <= 4.0
    assert seen.usage.killed == ""
    assert seen.trained.steps == seen.told[-1][0] > 10
    assert [told[2] for told in seen.told] == sorted(told[2] for told in seen.told)


def test_one_that_heeds_the_budget_is_not_cut(train: Callable[..., Seen]) -> None:
    seen = train(
        """
        while budget.step():
            burn(0.1)
        save(out, "in time")
        """,
        seconds=4.0,
    )
    assert not seen.trained.cut
    assert seen.usage.cpu_seconds > 3


@pytest.mark.thorough
@pytest.mark.parametrize("fixture", ["train", "train_without_groups"])
def test_processes_that_it_starts_are_counted_together(fixture: str, request: pytest.FixtureRequest) -> None:
    seen = request.getfixturevalue(fixture)(
        """
        save(out, "early")
        burn(1.2)
        budget.step()
        workers = [multiprocessing.Process(target=burn, args=(2,)) for _ in range(2)]
        [worker.start() for worker in workers]
        [worker.join() for worker in workers]
        budget.step()
        """,
        seconds=60.0,
    )
    before, after = seen.told[0][2], seen.told[1][2]
    assert after - before > 3  # where the process that tells has done nothing meanwhile


@pytest.mark.thorough
def test_who_sleeps_is_cut_too(train: Callable[..., Seen]) -> None:
    seen = train(
        """
        save(out, "early")
        time.sleep(1.1)
        budget.step()
        time.sleep(600)
        """,
        seconds=2.0,
    )
    assert seen.trained.cut
    assert seen.seconds < 60


def test_workers_and_programs_may_be_started(train: Callable[..., Seen]) -> None:
    seen = train("""
        import subprocess
        from torch.utils.data import DataLoader, TensorDataset
        loader = DataLoader(TensorDataset(torch.arange(100)), batch_size=10, num_workers=2)
        assert sum(len(batch) for batch, in loader) == 100
        if (pid := os.fork()) == 0:
            budget.step(7.0)  # a fork has no say
            os._exit(0)
        os.waitpid(pid, 0)
        subprocess.run([sys.executable, "-c", "print(1)"], check=True)
        save(out, "done")
    """)
    assert seen.trained.steps == 0


@pytest.mark.parametrize(
    ("body", "reason", "words"),
    [
        ("pass", Reason.NOTHING_SAVED, "train() returned, and nothing was saved"),
        ("os.symlink('/etc/passwd', out / 'words.txt')", Reason.NOTHING_SAVED, "nothing was saved"),
        ("data['labels']", Reason.TRAIN_RAISED, "KeyError: 'labels'"),
        ("save(out, 'x' * 17_000_000)", Reason.TRAIN_RAISED, "at most 16.0 MB"),
        ("[(out / str(i)).touch() for i in range(1001)]", Reason.TRAIN_RAISED, "in 1001 files"),
        ("(out / 'model.py').touch()", Reason.TRAIN_RAISED, "model.py, which you handed in, too"),
        ("os._exit(3)", Reason.CRASHED, "exit code 3"),
        ("bytearray(b'x') * (3 << 30)", Reason.MEMORY, "memory"),
    ],
)
def test_what_goes_wrong_is_told(body: str, reason: Reason, words: str, train: Callable[..., Seen]) -> None:
    error = failure(train, body)
    assert error.reason is reason
    assert words in str(error)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("then", "words"),
    [
        ("raise ValueError('at the last step')", "ValueError: at the last step"),
        ("torch.zeros(1, device='cuda')", "there is no GPU"),
        ("import urllib.request; urllib.request.urlopen('http://example.org')", "no network"),
        ("[(out.parent / f'{i}').write_bytes(bytes(1 << 26)) for i in range(160)]", "No space left"),
        ("bytearray(b'x') * (3 << 30)", "memory"),
        ("os._exit(3)", "exit code 3"),
        ("save(out, 'x' * 17_000_000); budget.step()", "at most 16.0 MB"),
    ],
)
def test_what_breaks_later_is_told_and_what_was_sealed_counts(
    then: str, words: str, train: Callable[..., Seen]
) -> None:
    seen = train(f"save(out, 'early')\nburn(1.1)\nbudget.step()\nburn(1.1)\n{then}")
    assert seen.trained.checkpoint
    assert words in seen.trained.broke
    assert (seen.trained.steps, seen.trained.cut) == (1, False)


def test_workers_that_are_left_behind_end_with_it(train: Callable[..., Seen]) -> None:
    seen = train("""
        from torch.utils.data import DataLoader, TensorDataset
        endless = [multiprocessing.Process(target=time.sleep, args=(600,)) for _ in range(3)]
        [process.start() for process in endless]
        loader = DataLoader(TensorDataset(torch.arange(100)), num_workers=2, persistent_workers=True)
        next(iter(loader))
        save(out, "done")
    """)
    assert not seen.trained.cut
    assert seen.trained.checkpoint


def test_a_budget_that_ends_before_anything_is_saved(train: Callable[..., Seen]) -> None:
    error = failure(train, "burn(60)", seconds=2.0)
    assert error.reason is Reason.NOTHING_SAVED
    assert "cut after 2 s of processor time" in str(error)


@pytest.mark.parametrize(
    ("files", "words"),
    [({}, "no train.py"), ({"train.py": "trains = 1"}, "no function train"), ({"train.py": "def"}, "syntax")],
)
def test_a_submission_that_cannot_train(files: dict[str, str], words: str, cold: Sandbox, pack: Pack) -> None:
    budget = Budget()
    with (
        pytest.raises(BadSubmission, match=words) as caught,
        cold.open_training(pack(MODEL, **files), Limits(), budget) as session,
    ):
        session.train({}, 0, lambda *_: None)
    assert caught.value.reason in (Reason.TRAIN_MISSING, Reason.SYNTAX_ERROR)


def test_the_clock_counts_processor_time_or_a_quarter_of_the_wall() -> None:
    used, passed = [10.0], [0.0]

    class Wall:
        def now(self) -> float:
            return passed[0]

    clock = ProcessorClock(lambda: used[0], Wall())
    assert clock.now() == 0
    used[0], passed[0] = 13.0, 4.0
    assert clock.now() == 3
    passed[0] = 100.0
    assert clock.now() == 100 * IDLE


def test_with_a_gpu_of_its_own_the_clock_counts(pack: Pack) -> None:
    """Any machine will do: it is asked for by name alone, and nothing is put on it."""
    body = "save(out, device.type)\n    time.sleep(0.5)\n    budget.step()\n    time.sleep(600)"
    archive = pack(MODEL, **{"train.py": f"{HEAD}    {body}"})
    budget = Budget(cpu_seconds=600.0, gpu_seconds=2.0)
    began = time.monotonic()
    with UnconfinedSandbox().open_training(archive, Limits(gpu=True), budget) as session:
        trained = session.train({}, 0, lambda *_: None)
    assert trained.cut
    assert b"cuda" in trained.checkpoint
    assert session.usage.gpu_seconds == 2.0
    assert session.usage.cpu_seconds < 30, "of processors what they were"
    assert time.monotonic() - began < 120


# ---------------------------------------------------------------- repeated

BY_THE_BUDGET = """
        import hashlib
        torch.manual_seed(seed)
        weights = torch.zeros(8)
        for step in range(10**9):
            burn(0.01)
            rate = budget.left() / budget.seconds  # as schedules do
            weights += rate * torch.randn(8)
            save(out, repr(weights.tolist()))
            if not budget.step(rate):
                break
"""


@pytest.mark.thorough
@pytest.mark.parametrize("heeds", [True, False])
def test_what_is_repeated_is_told_the_same_and_leaves_the_same(
    train: Callable[..., Seen], heeds: bool
) -> None:
    """Bit for bit, though the schedule follows the budget and the machine is never as fast again."""
    body = BY_THE_BUDGET if heeds else BY_THE_BUDGET.replace("break", "pass")
    first = train(body, seconds=6.0)
    assert first.trained.cut is not heeds
    assert len(first.trained.beats) > 10
    plain = train(body, seconds=6.0)
    assert plain.trained.checkpoint != first.trained.checkpoint, "or this test shows nothing"
    replay = Replay(6.0, first.trained.beats, first.trained.cut)
    slower = body.replace("burn(0.01)", "burn(0.02)")
    again = train(slower, seconds=36.0, replay=replay)
    assert replace(again.trained, beats=()) == replace(first.trained, beats=())
    assert str([told[:2] for told in again.told]) == str([told[:2] for told in first.told])  # one is NaN


@pytest.mark.thorough
def test_who_asks_before_each_step_is_sealed_all_the_same(train: Callable[..., Seen]) -> None:
    body = """
        for step in range(10**9):
            burn(0.05)
            budget.left()
            save(out, "x" * (step + 1))
            budget.step()
    """
    seen = train(body, seconds=10.0)
    assert seen.trained.cut
    assert seen.trained.checkpoint.count(b"x") > 0.5 * seen.trained.steps, (
        "what was sealed is as old as the last report"
    )


@pytest.mark.thorough
def test_who_draws_lots_by_the_clock_is_found_out(train: Callable[..., Seen]) -> None:
    body = BY_THE_BUDGET.replace("torch.manual_seed(seed)", "torch.manual_seed(time.time_ns() % 2**31)")
    first = train(body, seconds=6.0)
    again = train(body, seconds=36.0, replay=Replay(6.0, first.trained.beats, first.trained.cut))
    assert again.trained.steps == first.trained.steps
    assert again.trained.checkpoint != first.trained.checkpoint


@pytest.mark.thorough
def test_a_repeated_one_that_will_not_end_is_cut_all_the_same(train: Callable[..., Seen]) -> None:
    body = "save(out, 'x')\nburn(0.2)\nbudget.step()"
    first = train(body, seconds=10.0)
    assert len(first.trained.beats) == 1
    replay = Replay(10.0, first.trained.beats, cut=False)
    again = train(f"{body}\nburn(60)", seconds=8.0, replay=replay)
    assert again.trained.cut
    assert again.usage.cpu_seconds == 8.0


def test_equal_files_make_equal_checkpoints(train: Callable[..., Seen]) -> None:
    """Whenever they were written: a checkpoint's checksum says what is in it."""
    found = {train(f"time.sleep({pause})\nsave(out, 'x')").trained.checkpoint for pause in (0, 2.1)}
    assert len(found) == 1
