import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import numpy.typing as npt
import pytest

from grader.errors import SandboxError
from grader.sandbox import Sandbox, SandboxSession, Tensor, TensorSpec
from grader.sandbox.cold import ColdSandbox
from grader.sandbox.probe import choose
from grader.sandbox.zygote import ZygoteSandbox

Floats = npt.NDArray[np.float32]
Ask = Callable[..., Floats]


@pytest.fixture(scope="session")
def cold() -> ColdSandbox:
    try:
        sandbox = choose("cold")
    except SandboxError as error:
        pytest.skip(f"no cold sandbox on this machine: {error}")
    assert isinstance(sandbox, ColdSandbox)
    return sandbox


@pytest.fixture(scope="session", params=["cold", "zygote"])
def confined(cold: ColdSandbox, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Each launcher in turn: they promise the same."""
    with closing(cold if request.param == "cold" else ZygoteSandbox(cold)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def pack() -> Callable[..., bytes]:
    """A submission's archive from its model.py and other files, name → text."""

    def make(model: str, **others: str) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in {"model.py": model, **others}.items():
                archive.writestr(name, text)
        return buffer.getvalue()

    return make


@pytest.fixture(scope="session")
def ask() -> Ask:
    """Put one question with float inputs to a session: ask(session, "method", shape, *inputs)."""

    def put(session: SandboxSession, method: str, shape: tuple[int, ...], *inputs: Floats) -> Floats:
        tensors = [Tensor(TensorSpec("float32", each.shape), each.tobytes()) for each in inputs]
        answer = session.call(method, tensors, [TensorSpec("float32", shape)])
        return np.frombuffer(answer[0], np.float32).reshape(shape)

    return put
