"""Shipped solutions trained by hand: `python train.py DATA`, as students run it."""

import os
import pickle
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from grader.catalogue import HOME
from tests.assignments.in_process import CPU, submission

pytestmark = pytest.mark.thorough

FILES = sorted(
    path for part in ("baselines", "reference_solutions") for path in (HOME / part).rglob("train.py")
)
IN_STEPS = [path for path in FILES if "class NoLimit" in path.read_text()]
AT_ONCE = [path for path in FILES if path not in IN_STEPS]
KILLED = [HOME / "reference_solutions" / each / "gru" / "train.py" for each in ("mnist1d", "rnn")]
OTHERS = [HOME / each / "train.py" for each in ("reference_solutions/gan/minimax", "baselines/denoising/pca")]
DAMAGED = HOME / "baselines/gan/wgan_gp/train.py"
SHIPPED = b"the weights that were shipped"
SMALLER = (r"^(SAVE_EVERY|KEEP_EVERY) = [\d_]+", r"\1 = 4"), (r"^(BATCH|TRACKS) = [\d_]+", r"\1 = 4")


def name(path: Path) -> str:
    return str(path.relative_to(HOME).parent)


@pytest.fixture(scope="session")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The arrays of all assignments in one file: noise, and a text without sense."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("public") / "public.npz"
    np.savez(
        path,
        images=rng.integers(0, 256, (2_000, 28, 28), np.uint8),
        unlabelled=rng.integers(0, 256, (200, 28, 28), np.uint8),
        signals=rng.standard_normal((2_000, 1, 40), np.float32),
        labels=np.arange(2_000) % 10,
        text=rng.integers(0, 9, 900, np.uint8),
        symbols=np.arange(9, dtype=np.int32),
    )
    return path


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a solution with other weights, whose steps are small and kept often."""
    made = shutil.ignore_patterns("weights.safetensors", "training.*")
    folder = Path(shutil.copytree(request.param.parent, tmp_path / "solution", ignore=made))
    code = (folder / "train.py").read_text()
    for old, new in SMALLER:
        code = re.sub(old, new, code, flags=re.MULTILINE)
    (folder / "train.py").write_text(code)
    (folder / "weights.safetensors").write_bytes(SHIPPED)
    return folder


def lasting(folder: Path) -> dict[str, bytes]:
    """What lies in a folder; of what lies deeper the folders' names, but for what Python keeps of modules."""
    found = sorted(folder.iterdir())
    return {
        path.name: b"" if path.is_dir() else path.read_bytes() for path in found if path.name != "__pycache__"
    }


def shorten(folder: Path, steps: int) -> None:
    code = (folder / "train.py").read_text()
    (folder / "train.py").write_text(re.sub(r"^STEPS = [\d_]+", f"STEPS = {steps}", code, flags=re.MULTILINE))


@contextmanager
def running(
    path: Path, monkeypatch: pytest.MonkeyPatch, *words: object, run_name: str = "train"
) -> Iterator[dict[str, Any]]:
    """A train.py in this process, on one thread, with its own model.py: what it defines."""
    threads = torch.get_num_threads()
    monkeypatch.setattr(sys, "argv", [str(path), *map(str, words)])
    monkeypatch.syspath_prepend(str(path.parent))
    monkeypatch.delitem(sys.modules, "model", raising=False)
    torch.set_num_threads(1)
    try:
        yield runpy.run_path(str(path), run_name=run_name)
    finally:
        torch.set_num_threads(threads)
        sys.modules.pop("model", None)


@pytest.mark.parametrize("folder", IN_STEPS, indirect=True, ids=name)
def test_an_interrupted_training_goes_on_to_the_same_weights(
    folder: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, kept = folder / "weights.safetensors", folder / "training.pt"
    with running(folder / "train.py", monkeypatch) as defined:
        train, data = defined["train"], defined["read_data"](public)
        whole, interrupted, goes_on = (defined["NoLimit"](11) for _ in range(3))
        six_steps = repeat(interrupted.step, 6)
        interrupted.step = lambda loss: next(six_steps)(loss)

        train(data, folder, whole, CPU, 0)
        uninterrupted = weights.read_bytes()
        assert not kept.exists()  # nothing is kept for the grader
        weights.unlink()
        with pytest.raises(StopIteration):
            train(data, folder, interrupted, CPU, 0, resume=kept)
        train(data, folder, goes_on, CPU, 0, resume=kept)
    assert 0 < goes_on.made < 11
    assert weights.read_bytes() == uninterrupted


@pytest.mark.parametrize("folder", KILLED, indirect=True, ids=name)
def test_a_killed_one_goes_on_too_and_leaves_nothing_but_weights(folder: Path, public: Path) -> None:
    shorten(folder, 60)

    def begin() -> subprocess.Popen[str]:
        command = [sys.executable, *map(str, (folder / "train.py", public))]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    with begin() as process:
        assert "going on" not in process.communicate()[0]
    before = lasting(folder)
    assert (folder / "weights.safetensors").read_bytes() != SHIPPED
    (folder / "weights.safetensors").write_bytes(SHIPPED)

    with begin() as process:
        kept, seen = folder / "training.pt", set[int]()
        while len(seen) < 3 and process.poll() is None:
            seen |= {kept.stat().st_mtime_ns} if kept.exists() else set()
            time.sleep(0.0005)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert (folder / "weights.safetensors").read_bytes() == SHIPPED
    with begin() as process:
        said = re.search(r"going on after step (\d+)", process.communicate()[0])
    assert said
    assert 0 < int(said[1]) < 60
    assert lasting(folder) == before


class Killed(BaseException):
    """What nothing catches."""


@contextmanager
def killed(at: int) -> Iterator[list[str]]:
    """The `at`-th write is the last, and only half of it is made. Gives what was done until then."""
    done: list[str] = []

    def dying(do: Callable[..., Any], writes: bool) -> Callable[..., Any]:
        def instead(*words: Any, **options: Any) -> Any:
            if len(done) == at:
                if writes:
                    do(*words, **options)
                    os.truncate(words[1], Path(words[1]).stat().st_size // 2)
                raise Killed
            done.append(do.__name__)
            return do(*words, **options)

        return instead

    with pytest.MonkeyPatch.context() as patch:
        for place, function in ((torch, "save"), (safetensors.torch, "save_file")):
            patch.setattr(place, function, dying(getattr(place, function), writes=True))
        for function in ("mkdir", "replace", "unlink", "rmdir"):
            patch.setattr(Path, function, dying(getattr(Path, function), writes=False))
        yield done


@pytest.mark.parametrize("folder", [*KILLED, *OTHERS], indirect=True, ids=name)
def test_killed_at_any_write_the_old_weights_are_whole_or_the_new_ones(
    folder: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten(folder, 12)
    weights = folder / "weights.safetensors"

    def train() -> None:
        with running(folder / "train.py", monkeypatch, public, run_name="__main__"):
            pass

    with killed(at=-1) as done:
        train()
    after = lasting(folder)
    assert set(after) <= {"model.py", "train.py", "weights.safetensors"}
    moved = len(done) - done[::-1].index("replace")  # writes until the weights are in their place
    assert "save_file" in done[:moved]
    for at in range(len(done)):
        weights.write_bytes(SHIPPED)
        with pytest.raises(Killed), killed(at):
            train()
        assert weights.read_bytes() == (SHIPPED if at < moved else after[weights.name]), done[at]
        train()
        assert lasting(folder) == after, done[at]


@pytest.mark.parametrize("folder", IN_STEPS, indirect=True, ids=name)
def test_a_trial_leaves_all_as_it_was(
    folder: Path, public: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "training.pt").write_bytes(b"hours of work")  # neither read: it isn't one
    before = lasting(folder)
    with running(folder / "train.py", monkeypatch, public, "--steps", 5, run_name="__main__"):
        assert capsys.readouterr().out == "it runs; this was a trial, and nothing was saved\n"
        assert lasting(folder) == before


@pytest.mark.parametrize("folder", AT_ONCE, indirect=True, ids=name)
def test_what_needs_no_steps_is_fitted_by_hand_too(
    folder: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(folder / "train.py", monkeypatch, public, run_name="__main__"):
        submission(folder)()
    assert not (folder / "training.draft").exists()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_tensor_of_another_name_is_not_passed_over(path: Path, tmp_path: Path) -> None:
    shutil.copy(path.with_name("model.py"), tmp_path)
    weights = safetensors.torch.load_file(path.with_name("weights.safetensors"))
    load = submission(tmp_path)
    safetensors.torch.save_file(weights, tmp_path / "weights.safetensors")
    load()
    for missing in weights:
        renamed = {f"{key}x" if key == missing else key: value for key, value in weights.items()}
        safetensors.torch.save_file(renamed, tmp_path / "weights.safetensors")
        with pytest.raises((KeyError, RuntimeError, TypeError), match=missing):
            load()


@pytest.mark.parametrize("path", [path for path in IN_STEPS if path.parts[-3] == "gan"], ids=name)
def test_a_tensor_too_many_is_not_passed_over_either(path: Path, tmp_path: Path) -> None:
    shutil.copy(path.with_name("model.py"), tmp_path)
    weights = safetensors.torch.load_file(path.with_name("weights.safetensors"))
    weights["another"] = torch.zeros(3)
    safetensors.torch.save_file(weights, tmp_path / "weights.safetensors")
    with pytest.raises(RuntimeError, match="another"):
        submission(tmp_path)()


# ---------------------------------------------------------------- what is in the way, in one line


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a train.py by hand; the line that it says before it exits with 2."""

    def run(path: Path, *words: object) -> str:
        with (
            pytest.raises(SystemExit) as exit_,
            running(path, monkeypatch, *words, run_name="__main__"),
        ):
            raise AssertionError("it wasn't refused")
        assert exit_.value.code == 2
        [said] = capsys.readouterr().err.splitlines()
        return str(said)

    return run


@pytest.mark.parametrize("path", FILES, ids=name)
def test_data_that_are_not_there_or_not_those_are_named(
    path: Path, refused: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "words.npz").write_text("no arrays")
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    for data in ("nowhere", "nowhere.npz", "words.npz", "other.npz", ""):
        said = refused(path, tmp_path / data)
        assert str(tmp_path / data) in said
        assert f"expected the public.npz of `heldout start {path.parts[-3]}`" in said


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_gpu_that_is_not_there_is_missed(
    path: Path, refused: Callable[..., str], public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "no GPU" in refused(path, public, "--device", "cuda")


def saved(state: Any) -> bytes:
    file = BytesIO()
    torch.save(state, file)
    return file.getvalue()


def changed(**parts: Any) -> Callable[[bytes], bytes]:
    return lambda whole: saved(torch.load(BytesIO(whole), weights_only=True) | parts)


def without(key: str) -> Callable[[bytes], bytes]:
    def spoil(whole: bytes) -> bytes:
        state = torch.load(BytesIO(whole), weights_only=True)
        del state[key]
        return saved(state)

    return spoil


def with_parts(change: Callable[[list[Any]], list[Any]]) -> Callable[[bytes], bytes]:
    def spoil(whole: bytes) -> bytes:
        state = torch.load(BytesIO(whole), weights_only=True)
        return saved(state | {"parts": change(state["parts"])})

    return spoil


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off early": lambda whole: whole[:300],
    "cut off late": lambda whole: whole[:-300],
    "nothing but zeros": lambda whole: bytes(len(whole)),
    "zeros in the middle": lambda whole: (
        whole[: len(whole) // 3] + bytes(len(whole) // 3) + whole[len(whole) // 3 * 2 :]
    ),
    "a text": lambda _: b"no training",
    "a pickle": lambda _: pickle.dumps({"step": 1}),
    "a pickle of a class": lambda _: pickle.dumps(Path("x")),
    "a class": lambda _: saved(Path("x")),
    "an empty zip": lambda _: b"PK\x05\x06" + bytes(18),
    "a list": lambda _: saved([1, 2, 3]),
    "a tensor": lambda _: saved(torch.zeros(3)),
    "nothing": lambda _: saved(None),
    "a module's weights": lambda _: saved(torch.nn.Linear(3, 2).state_dict()),
    **{f"no {key}": without(key) for key in ("step", "parts", "luck", "settings")},
    "a step that is text": changed(step="4"),
    "half a step": changed(step=1.5),
    "a step of none": changed(step=None),
    "a step before all": changed(step=-1),
    "a step after all": changed(step=10**9),
    "other settings": changed(settings="{'STEPS': 1}"),
    "no luck in the list": changed(luck=[]),
    "luck that is none": changed(luck=None),
    "luck of another kind": changed(luck=[torch.zeros(3)]),
    "luck cut off": changed(luck=[torch.zeros(3, dtype=torch.uint8)]),
    "parts that are none": changed(parts=None),
    "a part less": with_parts(lambda parts: parts[:-1]),
    "a part more": with_parts(lambda parts: [*parts, {}]),
    "an empty first part": with_parts(lambda parts: [{}, *parts[1:]]),
    "an empty last part": with_parts(lambda parts: [*parts[:-1], {}]),
    "a part that is a list": with_parts(lambda parts: [[], *parts[1:]]),
    "the parts in another order": with_parts(lambda parts: parts[::-1]),
}


@pytest.fixture(scope="session")
def whole(public: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What is kept of `DAMAGED`, stopped after 9 steps."""
    out = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch, running(DAMAGED, patch) as defined:
        defined["train"].__globals__["SAVE_EVERY"] = 4
        budget = defined["NoLimit"](9)
        defined["train"](defined["read_data"](public), out, budget, CPU, 0, resume=out / "training.pt")
    return (out / "training.pt").read_bytes()


@pytest.fixture
def interrupted(whole: bytes, tmp_path: Path) -> Path:
    """The folder of `DAMAGED` with what is kept of it."""
    for each in ("model.py", "train.py"):
        shutil.copy(DAMAGED.with_name(each), tmp_path)
    (tmp_path / "training.pt").write_bytes(whole)
    edit(tmp_path, "SAVE_EVERY = 100", "SAVE_EVERY = 4")
    return tmp_path


def edit(folder: Path, old: str, new: str) -> None:
    code = (folder / "train.py").read_text()
    assert code.count(f"\n{old} ") + code.count(f"\n{old}\n") == 1
    (folder / "train.py").write_text(code.replace(f"\n{old}", f"\n{new}"))


def test_what_is_kept_whole_is_gone_on_from(
    interrupted: Path, public: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        killed(at=1),
        pytest.raises(Killed),
        running(interrupted / "train.py", monkeypatch, public, run_name="__main__"),
    ):
        pass
    assert capsys.readouterr().out == "going on after step 9\n"


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_kept_but_damaged_is_said_in_one_line(
    damage: str, interrupted: Path, public: Path, refused: Callable[..., str]
) -> None:
    kept = interrupted / "training.pt"
    content = DAMAGES[damage](kept.read_bytes())
    assert content != kept.read_bytes()
    kept.write_bytes(content)
    said = refused(interrupted / "train.py", public)
    assert said == f"{kept} is damaged, or of another training: delete it to begin anew"
    assert kept.read_bytes() == content


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("STEPS = 1_000", "STEPS = 1_001"),
        ("BATCH = 64", "BATCH = 32"),
        ("BETAS = (0.0, 0.9)", "BETAS = (0.0, 0.99)"),
        ("PENALTY = 10.0", "PENALTY = 1.0"),
    ],
)
def test_what_another_training_left_is_not_gone_on_from(
    was: str, now: str, interrupted: Path, public: Path, refused: Callable[..., str]
) -> None:
    before = (interrupted / "training.pt").read_bytes()
    edit(interrupted, was, now)
    assert "of another training" in refused(interrupted / "train.py", public)
    assert (interrupted / "training.pt").read_bytes() == before


def words(pattern: str) -> dict[Path, str]:
    found = {path: re.search(pattern, path.read_text(), re.DOTALL) for path in IN_STEPS}
    return {path: each[0] for path, each in found.items() if each}


@pytest.mark.parametrize("function", ["keep", "kept", "settings", "by_hand"])
def test_all_do_it_by_the_same_words(function: str) -> None:
    found = words(rf"def {function}\(.*?\n\n\n")
    assert list(found) == IN_STEPS
    assert len(set(found.values())) == 1


def test_all_hurry_by_the_same_words() -> None:
    found = words(r"def due\(.*?\n\n\n")
    assert len(set(found.values())) == 1
    assert set(found) == {path for path in IN_STEPS if "due(" in path.read_text()}
    assert len(found) >= len(IN_STEPS) - 1  # the means of mixture_of_bernoullis have no schedule


def test_all_have_no_limit_by_the_same_words_but_for_what_is_printed() -> None:
    found = words(r"class NoLimit.*?\n\n\n")
    assert list(found) == IN_STEPS
    printed = "|".join(
        [
            r"prints the [a-z' ]+, ",
            r"(?<=self\.steps % )\d+(?= == 0:)",
            r"(?<=\.since\)\n).*?(?=        return)",
        ]
    )
    assert len({re.sub(printed, "", each, flags=re.DOTALL) for each in found.values()}) == 1


def test_what_has_steps_trains_in_steps() -> None:
    have = [path for path in FILES if re.search(r"^STEPS\b.* =", path.read_text(), re.MULTILINE)]
    assert have == IN_STEPS
    assert len({path.read_text().partition("def by_hand")[2] for path in AT_ONCE}) == 1
