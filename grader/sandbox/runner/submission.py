"""The student's code: imported, loaded, asked. Nothing here is trusted by the grader."""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch

from .faults import Fault

TORCH_TYPES = {"float32": torch.float32, "int64": torch.int64, "uint8": torch.uint8}
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


class Spec(TypedDict):
    dtype: str
    shape: list[int]


class Input(Spec):
    bytes: int


class Request(TypedDict):
    method: str
    state: str  # "", "new" or "kept": see grader.sandbox.State
    inputs: list[Input]
    outputs: list[Spec]


class Submission:
    """A folder with `model.py`, and what its `load` returned."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self.folder = folder
        self.device = torch.device(device)
        self.model: object = None
        self.state: object = None  # of the conversation: what the model last gave for it, whatever it is

    def load(self) -> None:
        if not (self.folder / "model.py").is_file():
            raise self._no_model()
        sys.path.insert(0, str(self.folder))
        module = importlib.import_module("model")
        if not callable(getattr(module, "load", None)):
            raise Fault(
                "load_missing",
                "model.py defines no function load",
                expected="def load(folder: Path, device: torch.device) -> object",
                next_step="define it in model.py; return the object that has the assignment's methods",
            )
        self.model = module.load(self.folder, self.device)

    def _no_model(self) -> Fault:
        below = sorted(path.relative_to(self.folder) for path in self.folder.glob("*/model.py"))
        hint = f"; there is {below[0]}: submit the folder {below[0].parent}" if below else ""
        return Fault(
            "no_model",
            f"the submission has no model.py at its root{hint}",
            expected="model.py at the root of the submission's folder",
            next_step="`heldout submit -f FOLDER` with the folder that holds model.py",
        )

    def answer(self, request: Request, data: Sequence[bytearray]) -> list[memoryview]:
        """The raw bytes of each output. Raises Fault, or what the student's code raises."""
        method, outputs = request["method"], request["outputs"]
        inputs: list[Any] = [
            _argument(each, spec, self.device) for each, spec in zip(data, request["inputs"], strict=True)
        ]
        function = getattr(self.model, method, None)
        if not callable(function):
            raise Fault(
                "method_missing",
                f"what load() returned, a {type(self.model).__name__}, has no method {method}",
                expected=f"{method}({', '.join(_argument_names(request))})",
                next_step=f"define {method} on the object that load() returns",
            )
        if request["state"] == "new":
            self.state = function(*inputs)
            return []
        if request["state"] == "kept":
            value, self.state = _pair(method, function(*inputs, self.state))
        else:
            value = function(*inputs)
        values = list(value) if isinstance(value, (tuple, list)) and len(outputs) > 1 else [value]
        if len(values) != len(outputs):
            raise _wrong_type(method, value, f"a tuple of {len(outputs)} tensors")
        return [_raw(method, each, spec) for each, spec in zip(values, outputs, strict=True)]


def _argument(data: bytearray, spec: Spec, device: torch.device) -> Any:
    """A tensor; a Python number where the shape is ()."""
    given = tensor(data, spec)
    return given.to(device) if spec["shape"] else given.item()


def _argument_names(request: Request) -> list[str]:
    names = ["tensor" if each["shape"] else "number" for each in request["inputs"]]
    return [*names, "state"] if request["state"] == "kept" else names


def _pair(method: str, value: Any) -> tuple[Any, Any]:
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return value[0], value[1]
    raise Fault(
        "wrong_type",
        f"{method} returned {_described(value)}",
        expected="a pair: the answer and the new state",
        next_step="end it with `return answer, state`",
    )


def _described(value: object) -> str:
    kind = type(value).__name__
    return f"a {kind} of {len(value)}" if isinstance(value, (tuple, list)) else kind


def tensor(data: bytearray, spec: Spec) -> torch.Tensor:
    """A tensor in writable memory of its own: honest code may work in place."""
    if not data:
        return torch.empty(spec["shape"], dtype=TORCH_TYPES[spec["dtype"]])
    return torch.frombuffer(data, dtype=TORCH_TYPES[spec["dtype"]]).reshape(spec["shape"])


def _raw(method: str, value: Any, spec: Spec) -> memoryview:
    array = _as_tensor(method, value, spec["dtype"])
    if list(array.shape) != spec["shape"]:
        expected = tuple(spec["shape"])
        raise Fault(
            "wrong_shape",
            f"{method} returned {tuple(array.shape)}; expected {expected}",
            next_step="reshape before returning"
            if array.numel() == np.prod(expected)
            else "return one row for each row of the input",
        )
    plain = array.detach().to("cpu", TORCH_TYPES[spec["dtype"]]).contiguous().numpy()
    return plain.reshape(-1).view(np.uint8).data


def _as_tensor(method: str, value: Any, dtype: str) -> torch.Tensor:
    expected = "a floating-point tensor" if dtype == "float32" else "an integer tensor"
    if isinstance(value, int) and not isinstance(value, bool):  # a plain number, a size say
        value = torch.tensor([value], dtype=TORCH_TYPES[dtype])
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        value = torch.from_numpy(np.ascontiguousarray(value))
    if not isinstance(value, torch.Tensor) or value.layout is not torch.strided:
        raise _wrong_type(method, value, expected)
    fits = value.is_floating_point() if dtype == "float32" else value.dtype in INTEGERS
    if not fits:
        raise Fault(
            "wrong_type",
            f"{method} returned {value.dtype}",
            expected=expected,
            next_step=f"convert before returning: .to(torch.{dtype})",
        )
    return value


def _wrong_type(method: str, value: object, expected: str) -> Fault:
    return Fault(
        "wrong_type",
        f"{method} returned {type(value).__name__}",
        expected=expected,
        next_step="return a torch.Tensor or numpy array for each answer",
    )
