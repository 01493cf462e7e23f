"""What must be the same on both ends: a score that depends on where it was computed is none."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from grader.errors import HeldoutError


def own() -> dict[str, str]:
    """Of heldout and Dask whole; of Python, torch and NumPy as far as results may depend on it."""
    short = ("torch", "numpy")
    found = {"python": _short(platform.python_version())}
    found |= {name: _version(name) for name in ("heldout", "distributed")}
    return found | {name: _short(_version(name)) for name in short}


def differing(theirs: Mapping[str, str]) -> str:
    """In words; empty where nothing differs.

    >>> differing(own() | {"torch": "1.0"}).partition(" here")[0]
    'torch 1.0 there'
    """
    ours = own()
    return "; ".join(
        f"{name} {theirs.get(name, 'unknown')} there, {ours[name]} here"
        for name in ours
        if theirs.get(name) != ours[name]
    )


def refusal(worker: str, words: str) -> HeldoutError:
    return HeldoutError(
        f"the worker {worker} can't be used: it has other versions",
        where=words,
        expected="the same heldout, Dask, Python, torch and NumPy on every machine",
        next_step="install the same there: the same checkout, `sh bootstrap.sh`, the same constraints.txt",
    )


def _short(text: str) -> str:
    """Without what follows the second number.

    >>> _short("2.15.0+cpu")
    '2.15'
    """
    return ".".join(text.split(".")[:2])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
