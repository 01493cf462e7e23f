"""What is inside archives, for comparing them: checksums of their files, and Python sources without names.

Nothing of an archive is run or written to disk here. What is read is hostile, so all of it is counted.
"""

import ast
import hashlib
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from grader.errors import HeldoutError
from grader.spec import Limits

LONGEST_SOURCE = 200_000  # bytes that are parsed: a train run's code has 16 KiB, packed
METHODS = (
    zipfile.ZIP_STORED,
    zipfile.ZIP_DEFLATED,
)  # others reserve what an archive tells them
SMALLEST = 60  # parts of a syntax tree: shorter sources are alike by chance. `load` of a starter has 40

# Texts in a syntax tree that are kept: what is imported from where, and what isn't a name at all.
KEPT = {(ast.ImportFrom, "module"), (ast.alias, "name"), (ast.Constant, "kind")}


@dataclass(frozen=True)
class Contents:
    """An archive's files. files: name → SHA-256; sources: name → text, of those that end in `.py`."""

    files: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


def read(archive: bytes, limits: Limits) -> Contents:
    """Read what a submission holds, no more than its limits allow.

    Raises HeldoutError where it is no zip, or holds what no grader would have unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as bundle:
            return _collect(_members(bundle, limits))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError) as error:
        raise _unreadable("it is damaged, or no zip") from error


def of_files(files: Mapping[str, bytes]) -> Contents:
    """The same of files that are there already: a starter's, say."""
    return _collect(files.items())


def _collect(files: Iterable[tuple[str, bytes]]) -> Contents:
    sums: dict[str, str] = {}
    sources: dict[str, str] = {}
    for name, content in files:
        sums[name] = hashlib.sha256(content).hexdigest()
        if name.endswith(".py") and len(content) <= LONGEST_SOURCE:
            sources[name] = content.decode("utf-8", "replace")
    return Contents(sums, sources)


def _members(bundle: zipfile.ZipFile, limits: Limits) -> Iterator[tuple[str, bytes]]:
    members = [member for member in bundle.infolist() if not member.is_dir()]
    if len(members) > limits.unpacked_files or any(one.compress_type not in METHODS for one in members):
        raise _unreadable("it has too many files, or is packed by a method that is not used here")
    left = limits.unpacked_bytes
    for member in members:
        with bundle.open(member) as stream:
            content = stream.read(left + 1)
        left -= len(content)
        if left < 0:
            raise _unreadable("it unpacks to more than its limit")
        yield member.filename, content


def _unreadable(why: str) -> HeldoutError:
    return HeldoutError(
        f"an archive can't be looked into: {why}",
        expected="a zip as `heldout submit` makes it",
        next_step="compare it by hand, or leave it out",
    )


# ---------------------------------------------------------------- sources


def normalised(source: str) -> str | None:
    """A checksum of what a Python source does, whatever its names, comments, docstrings and layout.

    Names are numbered in the order in which they first occur; what is imported keeps its name. None where it
    is no Python, or shorter than what is alike by chance.

    >>> one = "def f(a):  # twice\\n    return " + "+".join(["2*a"] * 20)
    >>> other = "def g(x): return (" + " + ".join(["2 * x"] * 20) + ")"
    >>> normalised(one) == normalised(other) != normalised(one.replace("2", "3"))
    True
    """
    try:
        with warnings.catch_warnings():  # of an odd escape in a text, say: that is its author's affair
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # no Python, or too deep for a parser
        return None
    parts = list(_parts(tree))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest() if len(parts) >= SMALLEST else None


def _parts(tree: ast.AST) -> Iterator[str]:
    """A syntax tree in the order of its text, by a stack: a source may be deeper than calls can go."""
    names: dict[str, int] = {}
    waiting: list[object] = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, _Name):
            yield f"name {names.setdefault(one.text, len(names))}"
        elif isinstance(one, ast.AST):
            yield type(one).__name__
            waiting += reversed([part for name, value in _fields(one) for part in _wrapped(one, name, value)])
        else:
            yield repr(one)


@dataclass(frozen=True)
class _Name:
    text: str


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    for name, value in ast.iter_fields(node):
        if name == "body" and isinstance(value, list) and _is_docstring(node, value):
            value = value[1:]
        yield name, value


def _is_docstring(node: ast.AST, body: list[ast.stmt]) -> bool:
    documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    return documented and bool(body) and isinstance(body[0], ast.Expr) and _is_text(body[0].value)


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _wrapped(node: ast.AST, name: str, value: object) -> list[object]:
    """The parts of one field; texts are names, but for constants and what is imported."""
    parts = value if isinstance(value, list) else [value]
    if isinstance(node, ast.Constant) or (type(node), name) in KEPT:
        return list(parts)
    return [_Name(part) if isinstance(part, str) else part for part in parts]


def own_lines(source: str, known: Iterable[str]) -> int:
    """How many of its lines with something on them no source of `known` has, indentation aside.

    >>> own_lines("import torch\\n\\nx = 1\\n", ["import torch\\ny = 2\\n"])
    1
    """
    theirs = {line.strip() for text in known for line in text.splitlines()}
    return sum(1 for line in source.splitlines() if line.strip() and line.strip() not in theirs)
