"""A teacher's test, made ready to run beside a student's code: parsed here, where no student has been.

Each thing that a test compares or computes with is looked at by a function of the runner's, and what stands
last by itself becomes a result: a number there is a part of the points. What a test takes from the teacher's
own cells, imports and functions that are handed out locked, is put back before it: its author may have
called something else so.
"""

import ast
import builtins
import copy
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

MAGIC = re.compile(r"^[%!].*$", re.MULTILINE)
CALLED = ("allclose", "isclose", "equal", "array_equal", "array_equiv", "all", "any")
NUMBERS = ("abs", "bool", "float", "int", "len", "max", "min", "round", "sorted", "sum")  # Python's own
NUMERIC = ("numpy", "torch", "math", "scipy")  # libraries that compute
CLOSE = (
    "allclose",
    "isclose",
    "assert_allclose",
    "assert_almost_equal",
    "assert_array_almost_equal",
    "assert_array_equal",
    "assert_close",
    "assert_equal",
)  # of two: nothing at all is close to everything


@dataclass(frozen=True)
class Test:
    """`call` is what the runner's look is named in it, `result` what the last line's value is named."""

    source: str
    call: str
    result: str
    own: tuple[str, ...] = ()  # what the teacher's notebook defines in place of Python's own names
    before: str = ""  # what it takes from the teacher's own cells

    @property
    def told(self) -> dict[str, object]:
        """What the runner must know of it beside its source."""
        return {"call": self.call, "result": self.result, "own": list(self.own), "before": self.before}


@dataclass(frozen=True)
class Writer:
    """Makes tests ready. `cells`: the teacher's, which say what names and classes are students' to define.

    locked: those of them that a student can't change.
    """

    cells: Sequence[str]
    locked: Sequence[str] = ()

    def test(self, source: str) -> Test:
        """Raises SyntaxError."""
        call, result = f"_{secrets.token_hex(8)}", f"_{secrets.token_hex(8)}"
        tree = ast.parse(source)
        taken = ast.Module([copy.deepcopy(self._given[name]) for name in self._taken(tree)], [])
        tree, taken = (self._wrapping(call).visit(each) for each in (tree, taken))
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = tree.body[-1]
            tree.body[-1] = ast.copy_location(ast.Assign([ast.Name(result, ast.Store())], last.value), last)
        ast.fix_missing_locations(tree)
        before = "\n".join(map(ast.unparse, ast.fix_missing_locations(taken).body))
        return Test(_unparsed(tree), call, result, self._names, before)

    def wrong(self) -> Test:
        """One that must fail, unlike any that was there before."""
        number, other = secrets.randbelow(10_000), secrets.choice(("!=", "is not", ">"))
        return self.test(f"value = {number}\nassert value {other} {number}")

    def _wrapping(self, call: str) -> "Wrapping":
        return Wrapping(call, self._classes, self._numeric)

    def _taken(self, tree: ast.Module) -> list[str]:
        """Names of what the test uses, and what that uses in turn; in the notebook's order."""
        found = set[str]()
        waiting: list[ast.AST] = [tree]
        while waiting:
            used = {node.id for node in ast.walk(waiting.pop()) if isinstance(node, ast.Name)}
            new = (used & self._given.keys()) - found
            found |= new
            waiting += [self._given[name] for name in new]
        return [name for name in self._given if name in found]

    @cached_property
    def _given(self) -> dict[str, ast.stmt]:
        """What the teacher's cells import, and what locked ones define: unless students are to define it."""
        found = {name: one for text in self.cells for name, one in _imported(text)}
        found |= {name: one for text in self.locked for name, one in _defined(text)}
        theirs = [text for text in self.cells if text not in self.locked]
        stored = {name for text in theirs for name in _stored(text)}
        return {name: one for name, one in found.items() if name not in stored}

    @cached_property
    def _numeric(self) -> tuple[str, ...]:
        """What libraries that compute are called."""
        return tuple(
            name
            for name, one in self._given.items()
            if isinstance(one, ast.Import | ast.ImportFrom) and _library(one) in NUMERIC
        )

    @cached_property
    def _names(self) -> tuple[str, ...]:
        names = {node.id for node in self._walk(ast.Name) if isinstance(node.ctx, ast.Store)}
        names |= {node.name for node in self._walk(ast.FunctionDef, ast.ClassDef)}
        names |= {(node.asname or node.name) for node in self._walk(ast.alias)}
        return tuple(sorted(names & set(vars(builtins))))

    @cached_property
    def _classes(self) -> tuple[str, ...]:
        return tuple(sorted({node.name for node in self._walk(ast.ClassDef)}))

    def _walk(self, *kinds: type) -> list:  # type: ignore[type-arg]
        every = [one for cell in self.cells for one in _statements(cell)]
        return [node for one in every for node in ast.walk(one) if isinstance(node, kinds)]


def _statements(source: str) -> list[ast.stmt]:
    """At its top, without magics: what they define is nothing of Python's."""
    try:
        return ast.parse(MAGIC.sub("pass", source)).body
    except SyntaxError:
        return []


def _imported(source: str) -> Iterator[tuple[str, ast.stmt]]:
    for one in _statements(source):
        if isinstance(one, ast.Import):
            yield from (
                (each.asname or each.name.partition(".")[0], ast.Import([each])) for each in one.names
            )
        elif isinstance(one, ast.ImportFrom) and one.module != "__future__":
            for each in one.names:
                if each.name != "*":
                    yield each.asname or each.name, ast.ImportFrom(one.module, [each], one.level)


def _library(one: ast.Import | ast.ImportFrom) -> str:
    name = one.names[0].name if isinstance(one, ast.Import) else one.module or ""
    return name.partition(".")[0]


def _defined(source: str) -> Iterator[tuple[str, ast.stmt]]:
    """Functions, and names of plain values. A class that was made anew would be another one."""
    for one in _statements(source):
        if isinstance(one, ast.FunctionDef):
            yield one.name, one
        elif isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant):
            yield from ((each.id, one) for each in one.targets if isinstance(each, ast.Name))


def _stored(source: str) -> Iterator[str]:
    """What is given a name in it, wherever, but for imports."""
    for statement in _statements(source):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield node.name


def _unparsed(tree: ast.Module) -> str:
    """Each statement on the line where it began, as far as there is room: an error tells its line."""
    lines: list[str] = []
    for statement in tree.body:
        lines += [""] * (statement.lineno - 1 - len(lines))
        lines += ast.unparse(statement).split("\n")
    return "\n".join(lines) + "\n"


class Wrapping(ast.NodeTransformer):
    """name: what the look is called; classes: students' own that may decide; numeric: libraries."""

    def __init__(self, name: str, classes: tuple[str, ...], numeric: tuple[str, ...]) -> None:
        self._name, self._classes, self._numeric = name, classes, numeric
        self._asserting = 0

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        self._asserting += 1
        node.test = self._wrapped(self.visit(node.test))
        self._asserting -= 1
        if node.msg is not None:
            node.msg = self.visit(node.msg)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if all(isinstance(each, ast.Is | ast.IsNot) for each in node.ops):
            return node
        if len(node.ops) == 1 and not isinstance(node.ops[0], ast.In | ast.NotIn):
            left, right = node.left, node.comparators[0]
            return self._both(left, right, lambda a, b: ast.Compare(a, node.ops, [b]), "compared")
        node.left = self._wrapped(node.left)
        node.comparators = [self._wrapped(each) for each in node.comparators]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if _is_text(node.left):
            return node
        return self._both(node.left, node.right, lambda a, b: ast.BinOp(a, node.op, b), "computed")

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.UnaryOp:
        self.generic_visit(node)
        node.operand = self._wrapped(node.operand)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AugAssign:
        node.value = self._wrapped(self.visit(node.value))
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.match_case:
        """A pattern computes nothing."""
        node.body = [self.visit(each) for each in node.body]
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first, starred = node.args[:2], any(isinstance(each, ast.Starred) for each in node.args)
        if called in CLOSE and len(first) == 2 and not starred:
            node.args = [ast.Starred(self._look(ast.Tuple(first, ast.Load()), "close"), ast.Load())] + [
                self._wrapped(each) for each in node.args[2:]
            ]
        elif self._asserting or called.startswith("assert") or called in CALLED or self._computes(node.func):
            node.args = [each if isinstance(each, ast.Starred) else self._wrapped(each) for each in node.args]
        return node

    def _computes(self, called: ast.expr) -> bool:
        """A function of Python's or of a library's. Classes may be given what students write: a data set."""
        if isinstance(called, ast.Attribute) and called.attr[:1].isupper():
            return False
        root = called
        while isinstance(root, ast.Attribute):
            root = root.value
        return isinstance(root, ast.Name) and (
            root.id in self._numeric or (root is called and root.id in NUMBERS)
        )

    def _both(
        self, left: ast.expr, right: ast.expr, make: Callable[[ast.expr, ast.expr], ast.expr], how: str
    ) -> ast.expr:
        """What `make` makes of two that are looked at together."""
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            return make(left, right)
        names = [ast.arg("a"), ast.arg("b")]
        body = make(ast.Name("a", ast.Load()), ast.Name("b", ast.Load()))
        function = ast.Lambda(ast.arguments([], names, None, [], [], None, []), body)
        looked_at = self._look(ast.Tuple([left, right], ast.Load()), how)
        return ast.copy_location(ast.Call(function, [ast.Starred(looked_at, ast.Load())], []), left)

    def _wrapped(self, node: ast.expr) -> ast.expr:
        return node if isinstance(node, ast.Constant | ast.Lambda | ast.JoinedStr) else self._look(node)

    def _look(self, node: ast.expr, how: str = "") -> ast.Call:
        own = ast.Tuple([ast.Constant(name) for name in self._classes], ast.Load())
        given = [node, own, ast.Constant(how)] if how else [node, own]
        return ast.copy_location(ast.Call(ast.Name(self._name, ast.Load()), given, []), node)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
