"""What the runner says of a student's mistakes, tried in this process: the code is the tests' own."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from grader.sandbox.runner.faults import Fault, Guard
from grader.sandbox.runner.frames import SEPARATOR
from grader.sandbox.runner.submission import Request, Submission

HONEST = "def load(folder, device): return Model()\nclass Model:\n    "


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "model", raising=False)
    return tmp_path


def loading(folder: Path, source: str) -> tuple[str, list[str]]:
    """The status and the four parts of the fault when loading `source`."""
    (folder / "model.py").write_text(source)
    fault = Guard(folder, "2 GiB").run(Submission(folder).load, "load_raised")
    sys.modules.pop("model", None)
    assert isinstance(fault, Fault), fault
    return fault.status, fault.detail.split(SEPARATOR)


def answering(
    folder: Path, body: str, *, dtype: str = "float32", outputs: int = 1
) -> list[memoryview] | Fault:
    """The answer of `def ask(self, x): body` to a (32, 28) tensor of ones, where (32, 28) is expected."""
    (folder / "model.py").write_text(f"import numpy, torch\n{HONEST}def ask(self, x): {body}\n")
    submission = Submission(folder)
    submission.load()
    sys.modules.pop("model", None)
    shape = [32, 28]
    request = Request(
        method="ask",
        state="",
        inputs=[{"dtype": "float32", "shape": shape, "bytes": 4 * 32 * 28}],
        outputs=[{"dtype": dtype, "shape": shape}] * outputs,
    )
    data = bytearray(np.ones(shape, np.float32).tobytes())
    return Guard(folder, "2 GiB").run(lambda: submission.answer(request, [data]), "raised")


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("x = 1", "load_missing", "no function load"),
        ("def load(folder, device):\n    return 1 +\n", "syntax_error", "model.py, line 2"),
        ("import keras_of_nobody", "import_missing", "no module 'keras_of_nobody'"),
        ("def load(folder, device): raise KeyError('weights')", "load_raised", "KeyError: 'weights'"),
        ("def load(folder, device): return torch.ones(1)", "load_raised", "NameError"),
        ("import sys\nsys.exit('SCORE: 100')", "crashed", "exit('SCORE: 100')"),
        ("def load(folder, device): raise KeyboardInterrupt", "load_raised", "KeyboardInterrupt"),
        ("raise MemoryError", "memory", "more memory"),
        ('raise RuntimeError("DefaultCPUAllocator: can\'t allocate memory")', "memory", "more memory"),
        ("class Evil(Exception):\n  def __str__(self): raise Evil\nraise Evil", "load_raised", "Evil"),
    ],
)
def test_loading_faults(folder: Path, source: str, status: str, said: str) -> None:
    found, (what, *_) = loading(folder, source)
    assert (found, said in what) == (status, True), what


def test_frames_are_the_students_own(folder: Path) -> None:
    source = "import json\ndef load(folder, device):\n    return json.loads('{')\n"
    _, (_, where, *_) = loading(folder, source)
    assert where == "model.py, line 3, in load: return json.loads('{')"


def test_a_syntax_error_shows_line_and_caret(folder: Path) -> None:
    _, (_, where, *_) = loading(folder, "x = (1\n")
    assert "x = (1" in where
    assert "^" in where


def test_a_missing_module_names_what_there_is(folder: Path) -> None:
    _, (_, _, expected, _) = loading(folder, "import keras_of_nobody")
    assert "torch 2." in expected
    assert re.search(r", \d+ others$", expected)
    assert len(expected) < 300


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import torch; torch.load(folder / 'weights.pt')", "run train.py first"),
        ("import safetensors.torch as s; s.load_file(folder / 'weights.safetensors')", "run train.py first"),
        ("import numpy; numpy.load(folder / 'weights.npz')", "run train.py first"),
        ("open(folder / 'notes.txt')", ""),
        ("raise ValueError('weights.pt')", ""),
    ],
)
def test_missing_weights_ask_for_a_training(folder: Path, source: str, said: str) -> None:
    _, (*_, next_step) = loading(folder, f"def load(folder, device):\n    {source}\n")
    assert next_step.startswith(said)
    assert bool(next_step) == bool(said)


def test_a_model_one_folder_too_deep(folder: Path) -> None:
    (folder / "unet").mkdir()
    (folder / "unet/model.py").write_text(HONEST)
    fault = Guard(folder, "2 GiB").run(Submission(folder).load, "load_raised")
    assert isinstance(fault, Fault)
    assert fault.status == "no_model"
    assert "there is unet/model.py" in fault.detail


@pytest.mark.parametrize(
    "body",
    [
        "return x * 2",
        "return (x * 2).double()",
        "return (x * 2).half()",
        "return (x * 2).requires_grad_()",
        "return (x * 2).numpy().astype('float64')",
        "return (x * 2).t().contiguous().t()",
        "return x.add_(1)",
    ],
)
def test_honest_answers(folder: Path, body: str) -> None:
    answer = answering(folder, body)
    assert isinstance(answer, list)
    np.testing.assert_array_equal(np.frombuffer(answer[0], np.float32), np.full(32 * 28, 2, np.float32))


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("return None", "wrong_type", "NoneType"),
        ("return x.int()", "wrong_type", "torch.int32"),
        ("return x > 0", "wrong_type", "torch.bool"),
        ("return x.to(torch.complex64)", "wrong_type", "torch.complex64"),
        ("return numpy.array([None])", "wrong_type", "ndarray"),
        ("return x.to_sparse()", "wrong_type", "Tensor"),
        ("return [x]", "wrong_type", "list"),
        ("return x.tolist()", "wrong_type", "list"),
        ("return x.reshape(32, 4, 7)", "wrong_shape", "ask returned (32, 4, 7); expected (32, 28)"),
        ("return x[0]", "wrong_shape", "ask returned (28,); expected (32, 28)"),
        ("return x @ x", "raised", "RuntimeError"),
        ("return torch.empty(1 << 60)", "memory", "more memory"),
        ("exit(0)", "crashed", "exit(0)"),
    ],
)
def test_faulty_answers(folder: Path, body: str, status: str, said: str) -> None:
    fault = answering(folder, body)
    assert isinstance(fault, Fault)
    assert (fault.status, said in fault.detail) == (status, True), fault.detail


def test_a_wrong_shape_says_what_to_do(folder: Path) -> None:
    fault = answering(folder, "return x.reshape(28, 32)")
    assert isinstance(fault, Fault)
    assert fault.detail.endswith("reshape before returning")


def test_integers_where_they_are_expected(folder: Path) -> None:
    answer = answering(folder, "return x.to(torch.int32)", dtype="int64")
    assert isinstance(answer, list)
    assert np.frombuffer(answer[0], np.int64).sum() == 32 * 28
    assert isinstance(answering(folder, "return x", dtype="int64"), Fault)


def test_several_outputs(folder: Path) -> None:
    assert isinstance(answering(folder, "return x, x", outputs=2), list)
    assert isinstance(answering(folder, "return x", outputs=2), Fault)


def test_a_missing_method(folder: Path) -> None:
    (folder / "model.py").write_text("def load(folder, device): return 1")
    submission = Submission(folder)
    submission.load()
    sys.modules.pop("model", None)
    request = Request(method="denoise", state="", inputs=[], outputs=[])
    fault = Guard(folder, "2 GiB").run(lambda: submission.answer(request, []), "raised")
    assert isinstance(fault, Fault)
    assert fault.status == "method_missing"
    assert "what load() returned, a int, has no method denoise" in fault.detail
    assert torch.get_default_dtype() is torch.float32


# ---------------------------------------------------------------- a conversation, whose state stays inside

COUNTS = """
import torch
def load(folder, device): return Model()
class Model:
    def start(self, batch): return {"batch": batch, "seen": 0}
    def step(self, x, state):
        state["seen"] += 1
        BODY
"""


def conversing(folder: Path, body: str) -> Callable[[], list[memoryview] | Fault]:
    """Puts the next `step` to a model whose state counts them, where (4, 3) is expected."""
    (folder / "model.py").write_text(COUNTS.replace("BODY", body))
    submission = Submission(folder)
    submission.load()
    sys.modules.pop("model", None)
    guard = Guard(folder, "2 GiB")
    batch = Request(
        method="start", state="new", inputs=[{"dtype": "int64", "shape": [], "bytes": 8}], outputs=[]
    )
    begun = guard.run(lambda: submission.answer(batch, [bytearray(np.int64(4).tobytes())]), "raised")
    assert begun == []  # nothing about the state is told
    step = Request(
        method="step",
        state="kept",
        inputs=[{"dtype": "int64", "shape": [4], "bytes": 32}],
        outputs=[{"dtype": "float32", "shape": [4, 3]}],
    )
    tokens = np.arange(4).tobytes()
    return lambda: guard.run(lambda: submission.answer(step, [bytearray(tokens)]), "raised")


def test_a_state_is_handed_on_from_step_to_step(folder: Path) -> None:
    ask = conversing(folder, "return torch.full((state['batch'], 3), float(state['seen'])), state")
    for seen in (1, 2, 3):
        answer = ask()
        assert isinstance(answer, list)
        assert np.frombuffer(answer[0], np.float32).tolist() == [seen] * 12


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("return torch.zeros(4, 3)", "wrong_type", "step returned Tensor"),
        ("return None", "wrong_type", "step returned NoneType"),
        ("return torch.zeros(4, 3), state, 1", "wrong_type", "step returned a tuple of 3"),
        ("return state, torch.zeros(4, 3)", "wrong_type", "step returned dict"),
        ("return torch.zeros(4, 3).long(), state", "wrong_type", "step returned torch.int64"),
        ("return torch.zeros(3, 4), state", "wrong_shape", "step returned (3, 4); expected (4, 3)"),
        ("return state['hidden'], state", "raised", "KeyError: 'hidden'"),
    ],
)
def test_faulty_steps(folder: Path, body: str, status: str, said: str) -> None:
    fault = conversing(folder, body)()
    assert isinstance(fault, Fault)
    assert (fault.status, said in fault.detail) == (status, True), fault.detail


def test_a_missing_step_names_its_arguments(folder: Path) -> None:
    fault = conversing(folder, "pass\n    step = None")()
    assert isinstance(fault, Fault)
    assert fault.status == "method_missing"
    assert "step(tensor, state)" in fault.detail
