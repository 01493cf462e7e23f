"""What a sandbox has not, said plainly: the errors of libraries tell of permissions and of name servers."""

import errno
import socket
import traceback
from dataclasses import dataclass

COMPILERS = ("torch._dynamo.", "torch._inductor.")
NO_NETWORK = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ECONNREFUSED)


@dataclass(frozen=True)
class Hint:
    what: str
    next_step: str


COMPILE = Hint(
    "torch.compile does not work in the sandbox: there is no C++ compiler",
    "call the module itself, without torch.compile",
)
NETWORK = Hint(
    "there is no network in the sandbox: nothing can be downloaded",
    "put the file into the submission's folder and load it from there",
)
PROGRAM = Hint(
    "no other program can be started in this sandbox",
    "do it in Python: threads, multiprocessing (fork) and DataLoader workers do work",
)
GPU = Hint(
    "there is no GPU in this sandbox",
    "use the device that train() and load() are given, torch.zeros(1, device=device) say",
)


def hint(error: BaseException) -> Hint | None:
    """What the sandbox's lack of something made of it; None for an error of the student's own."""
    if f"{type(error).__module__}.".startswith(COMPILERS):
        return COMPILE
    if any(map(_is_network, _chain(error))):
        return NETWORK
    if (
        isinstance(error, PermissionError)
        and error.errno == errno.EPERM
        and _last_file(error) == "subprocess.py"
    ):
        return PROGRAM
    return GPU if _is_missing_gpu(error) else None


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        reason = getattr(error, "reason", None)  # urllib keeps the cause there
        error = reason if isinstance(reason, BaseException) else error.__cause__ or error.__context__
    return found


def _is_network(error: BaseException) -> bool:
    unreachable = isinstance(error, OSError) and error.errno in NO_NETWORK
    if isinstance(error, RuntimeError):  # torch.hub's; the text of any other may be the student's code
        return "no internet connection" in str(error)
    return unreachable or isinstance(error, socket.gaierror)


def _is_missing_gpu(error: BaseException) -> bool:
    """PyTorch says so in one of these ways, by how it was built; the text of any other is the student's."""
    told = ("Found no NVIDIA driver", "Torch not compiled with CUDA enabled", "No CUDA GPUs are available")
    from_torch = "/torch/cuda/" in _last_path(error)
    return from_torch and isinstance(error, RuntimeError | AssertionError) and str(error).startswith(told)


def _last_file(error: BaseException) -> str:
    return _last_path(error).rpartition("/")[2]


def _last_path(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return frames[-1].filename if frames else ""
