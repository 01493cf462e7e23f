"""Tests in the process of the code that they test: as hard to fool as that can be, which is not hard.

What is undone before each test: names of Python's and of the libraries' that were exchanged, tracing, names
that hide Python's own. What answers only to please is found where its own code says what it is equal to. Who
looks for the runner itself, in this process, finds it: points that matter must come from what another process
scores.
"""

import builtins
import gc
import os
import sys
import weakref
from collections import UserDict, UserList, UserString, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any

KEPT = (
    "numpy",
    "torch",
    "torch.nn",
    "torch.nn.functional",
    "torch.linalg",
    "torch.testing",
    "math",
    "operator",
)
COMPARISONS = (
    "eq ne lt le gt ge bool len contains instancecheck array_function array_ufunc array_wrap array_finalize"
    " torch_function array"
)
ARITHMETIC = (
    "add sub mul truediv floordiv mod divmod pow matmul lshift rshift and or xor neg abs round int"
    " float index"
)
DECIDING = tuple(f"__{name}__" for name in (*COMPARISONS.split(), *ARITHMETIC.split())) + tuple(
    f"__r{name}__" for name in ARITHMETIC.split()
)
DECIDED = frozenset(DECIDING)
IMMUTABLE = 1 << 8  # a flag of classes that C made
_open, _compile = open, compile  # whatever is exchanged later
DEEP, LONG = 3, 1_000  # how far into lists and dictionaries is looked
# They stand for another.
NEVER = (weakref.ProxyType, weakref.CallableProxyType, UserDict, UserList, UserString)
BUILT_IN = (type(int.__eq__), type(len), type(str.join), type(dict.__dict__["fromkeys"]))
SIMPLE = frozenset((int, float, bool, str, bytes, type(None), complex, range, slice, type, FunctionType))
HARMLESS = (type(None), type(NotImplemented), str, bool, int, type)  # beside a library's function
vars_of = type.__dict__["__dict__"].__get__  # whatever a metaclass says
mro_of = type.__dict__["__mro__"].__get__


class Guards:
    """Made before the first cell of a student runs."""

    def __init__(self) -> None:
        names = [name for name in sys.modules if name in KEPT or name.startswith("numpy.")]
        self._modules = {name: sys.modules[name] for name in names}
        modules = [module for module in self._modules.values() if hasattr(module, "__dict__")]
        self._kept = [(vars(module), dict(vars(module))) for module in (builtins, *modules)]
        self._callbacks = list(gc.callbacks)
        self._look = Look()
        self._classes = [Class(kind) for kind, _ in self._look.known.values() if _can_change(kind)]
        sys.addaudithook(_refuse_more)

    def restore(self) -> None:
        """Put back what was exchanged."""
        sys.settrace(None)
        sys.setprofile(None)
        gc.callbacks[:] = self._callbacks
        sys.modules.update(self._modules)
        for names, before in self._kept:
            for name, value in before.items():
                if names.get(name, names) is not value:
                    names[name] = value
        for each in self._classes:
            each.restore()

    @contextmanager
    def within(self, names: dict[str, Any], own: Sequence[str], call: str) -> Iterator[None]:
        """With Python's own names, but for those that the teacher's notebook has another meaning for."""
        known = [name for name in vars(builtins) if name in names and not name.startswith("__")]
        hidden = {name: names.pop(name) for name in known if name not in own}
        before = names.get("__builtins__")
        names["__builtins__"], names[call] = builtins, self._look
        try:
            yield
        finally:
            names.pop(call, None)
            names["__builtins__"] = before
            names.update({name: value for name, value in hidden.items() if name not in names})


def _refuse_more(event: str, arguments: tuple[object, ...]) -> None:
    if event == "sys.addaudithook":
        raise RuntimeError("audit hooks can't be added in a notebook that is graded")


class Class:
    """One that was there before, with what decides in it: operators; of tensors all that they do."""

    def __init__(self, kind: type) -> None:
        self._kind, own = kind, vars_of(kind)
        self._whole = kind.__module__.partition(".")[0] == "torch" and kind.__name__ == "Tensor"
        self._kept = {name: own[name] for name in own if self._whole or name in DECIDING}
        self._code = [(each, each.__code__) for each in self._kept.values() if type(each) is FunctionType]

    def restore(self) -> None:
        own = vars_of(self._kind)
        for name, value in self._kept.items():
            if own.get(name, own) is not value:
                type.__setattr__(self._kind, name, value)
        if self._whole:
            for name in [name for name in own if name not in self._kept and self._hides(name)]:
                type.__delattr__(self._kind, name)
        for function, code in self._code:
            if function.__code__ is not code:
                function.__code__ = code

    def _hides(self, name: str) -> bool:
        """One that was added in place of what its ancestors have."""
        return any(name in vars_of(each) for each in mro_of(self._kind)[1:])


def _can_change(kind: type) -> bool:
    """And has something to be changed; what C made refuses."""
    if kind.__flags__ & IMMUTABLE:
        return False
    return kind.__name__ == "Tensor" or any(name in vars_of(kind) for name in DECIDING)


def _every_class() -> Iterator[type]:
    waiting, seen = [object], set[int]()
    while waiting:
        kind: type = waiting.pop()
        if id(kind) not in seen:
            seen.add(id(kind))
            yield kind
            waiting += type.__subclasses__(kind)


class Look:
    """What tests are written with: gives a value back, or raises AssertionError where it can't be trusted."""

    def __init__(self) -> None:
        # With what decides in each; they are kept, so that no other gets the number.
        self.known = {id(kind): (kind, DECIDED.intersection(vars_of(kind))) for kind in _every_class()}
        self._library = Library()
        self._arrays = tuple(
            getattr(sys.modules[module], name)
            for module, name in (("numpy", "ndarray"), ("torch", "Tensor"))
            if module in sys.modules
        )
        masked = getattr(sys.modules.get("numpy"), "ma", None)
        self._never = (*NEVER, masked.MaskedArray) if masked else NEVER

    def __call__(self, value: Any, own: tuple[str, ...] = (), how: str = "") -> Any:
        """The value itself. `own`: names of classes that the teacher's notebook has students write.

        how: `value` is two that are compared, or computed with, or that a function finds close: where one of
        them is empty, so is what comes of it, and nothing in it is wrong.
        """
        if not how:
            return self._plain(value, own, 0)
        for each in value:
            self._plain(each, own, 0)
        if self._agree_on_nothing(value[0], value[1], how):
            raise AssertionError("an empty array is compared with one that isn't: give all values")
        return value

    def _plain(self, value: Any, own: tuple[str, ...], deep: int) -> Any:
        kind = type(value)
        if kind in SIMPLE:
            return value
        if not (kind.__module__ == "__main__" and kind.__name__ in own) and self._decides(kind):
            raise AssertionError(f"a {kind.__name__} decides itself what it is equal to; give a plain value")
        if deep < DEEP:
            for part in _parts(value, kind):
                self._plain(part, own, deep + 1)
        return value

    def _decides(self, kind: type) -> bool:
        if issubclass(kind, self._never) or kind.__module__.startswith("unittest.mock"):
            return True
        strange = [each for each in mro_of(kind) if id(each) not in self.known]
        if strange and issubclass(kind, self._arrays) and not self._library.wrote(kind):
            return True
        return any(self._is_strange(each, name) for each in mro_of(kind) for name in self._new(each))

    def _new(self, kind: type) -> frozenset[str]:
        """What decides in it, and wasn't there before."""
        known = self.known.get(id(kind))
        return DECIDED.intersection(vars_of(kind)) - (known[1] if known else frozenset())

    def _is_strange(self, kind: type, name: str) -> bool:
        """Neither a library's own code nor what C made for this very class."""
        method = vars_of(kind)[name]
        if isinstance(method, (staticmethod, classmethod)):
            method = method.__func__
        if type(method) in BUILT_IN:
            return method.__name__ != name or getattr(method, "__objclass__", kind) is not kind
        return method is not None and not self._library.has(method)

    def _agree_on_nothing(self, one: Any, other: Any, how: str) -> bool:
        """One is empty, the other isn't, and what comes of them would be empty, too."""
        empty, full = (one, other) if self._is_empty(one) else (other, one)
        if not self._is_empty(empty) or self._is_empty(full):
            return False
        if how == "close":
            return True
        many = isinstance(full, (*self._arrays, list, tuple))
        is_array = isinstance(empty, self._arrays) or isinstance(full, self._arrays)
        return is_array and (many or how == "compared")

    def _is_empty(self, value: Any) -> bool:
        if isinstance(value, self._arrays):
            return 0 in value.shape
        return type(value) in (list, tuple) and not value


class Library:
    """Code that came with the runtime, known by what stands in its files: a name of a file is soon given."""

    def __init__(self) -> None:
        here = os.getcwd()
        self._roots = tuple(
            each.rstrip("/") + "/" for each in sys.path if os.path.isabs(each) and not each.startswith(here)
        )
        self._found: dict[str, frozenset[CodeType]] = {}

    def has(self, function: Any, deep: int = 0) -> bool:
        if type(function) is not FunctionType or deep > DEEP:
            return False
        inside = [cell.cell_contents for cell in function.__closure__ or ()]
        return function.__code__ in self._codes(function.__code__.co_filename) and all(
            type(each) in HARMLESS or self.has(each, deep + 1) for each in inside
        )

    def wrote(self, kind: type) -> bool:
        """A class whose every method is a library's."""
        return all(
            self.has(each)
            for one in mro_of(kind)
            for each in vars_of(one).values()
            if type(each) is FunctionType and not one.__flags__ & IMMUTABLE
        )

    def _codes(self, file: str) -> frozenset[CodeType]:
        if file not in self._found:
            self._found[file] = frozenset(self._read(file))
        return self._found[file]

    def _read(self, file: str) -> Iterator[CodeType]:
        if not file.startswith(self._roots) or ".." in file:
            return
        try:
            with _open(file, "rb") as source:
                waiting = [_compile(source.read(), file, "exec", dont_inherit=True)]
        except (OSError, SyntaxError, ValueError):
            return
        while waiting:
            code = waiting.pop()
            yield code
            waiting += [each for each in code.co_consts if type(each) is CodeType]


def _parts(value: Any, kind: type) -> list[Any]:
    if issubclass(kind, dict):
        return [*dict.values(value), *dict.keys(value)][:LONG]
    for many in (list, tuple, set, frozenset, deque):
        if issubclass(kind, many):
            return list(many.__iter__(value))[:LONG]
    if getattr(getattr(value, "dtype", None), "kind", "") == "O":  # an array of anything
        return list(value.ravel()[:LONG])
    equal = next((vars_of(each)["__eq__"] for each in mro_of(kind) if "__eq__" in vars_of(each)), None)
    if type(equal) is FunctionType:  # it may ask what it holds
        return list(getattr(value, "__dict__", {}).values())[:LONG]
    return []
