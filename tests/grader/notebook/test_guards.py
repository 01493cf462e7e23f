"""What is wrong passes no test, in whatever way that is written; what is honest is not refused."""

from pathlib import Path

import pytest

from grader.notebook.grade import grade_notebook
from grader.notebook.source import read_source
from grader.report import Verdict
from tests.grader.notebook.conftest import Grade
from tests.grader.notebook.course import SOLVED, Raw, cell, dumped, solution, teachers

WAYS = {
    "close": "assert np.allclose(mean([1, 2, 6]), 3)",
    "asserted": "np.testing.assert_allclose(mean([1, 2, 6]), 3)",
    "difference": "assert abs(mean([1, 2, 6]) - 3) < 1e-9",
    "difference before": "error = abs(mean([1, 2, 6]) - 3)\nassert error < 1e-9",
    "array": "assert np.allclose(mean([1, 2, 6]), np.array([1.0, 2.0, 3.0]))",
    "sum": "assert ((mean([1, 2, 6]) - np.array([1.0, 2.0, 3.0])) ** 2).sum() < 1e-6",
    "all": "assert (mean([1, 2, 6]) == np.array([1.0, 2.0, 3.0])).all()",
    "tensor": "assert torch.allclose(torch.as_tensor(mean([1, 2, 6])), torch.tensor([1.0, 2.0, 3.0]))",
    "loss": "loss = F.mse_loss(mean([1, 2, 6]), torch.tensor([1.0, 2.0, 3.0]))\nassert loss < 0.01",
    "share": "max(0.0, 1.0 - abs(mean([1, 2, 6]) - 3))",
    "equal": "assert mean([1, 2, 6]) == 3",
    "equal lists": "assert mean([1, 2, 6]) == [3]",
    "a locked function": "assert near(mean([1, 2, 6]), 3)",
}
SETUP = "import numpy as np\nimport torch\nimport torch.nn.functional as F\nSMALL = 1e-9\n\ndef near(a, b):\n    return abs(a - b) < SMALL"
YES = "class Yes:\n    def __eq__(self, other):\n        return True\n    def __sub__(self, other):\n        return 0\n"
GIVES = "def mean(values):\n    return "
WRONG = {
    "a wrong number": GIVES + "7.0",
    "a library by its name": "class np:\n    allclose = staticmethod(lambda *a: True)\n    class testing:\n"
    "        assert_allclose = staticmethod(lambda *a: None)\n    array = list\n" + GIVES + "7",
    "a locked function": "SMALL = 99\nnear = lambda a, b: True\n" + GIVES + "7",
    "a locked function's code": "near.__code__ = (lambda a, b: True).__code__\n" + GIVES + "7",
    "a library's file, by name": f"exec(compile({YES!r}, '/packages/torch/yes.py', 'exec'))\n{GIVES}Yes()",
    "a folder like a library's": f"import os, sys\nos.makedirs('lib/python')\n"
    f"open('lib/python/yes.py', 'w').write({YES!r})\nsys.path.insert(0, os.path.abspath('lib/python'))\n"
    f"from yes import Yes\n{GIVES}Yes()",
    "a library's wrapper": "import functools\nclass Yes:\n    pass\nfor name, told in (('eq', True), ('sub', 0)):\n"
    "    setattr(Yes, f'__{name}__', functools.singledispatch((lambda r: lambda *a: r)(told)))\n"
    + GIVES
    + "Yes()",
    "a library's method, with other code": "import fractions\nf = fractions.Fraction\ndef yes(s, o):\n    return True\n"
    "f.__eq__.__code__ = yes.__code__.replace(co_filename=f.__eq__.__code__.co_filename)\n"
    + GIVES
    + "f(1, 3)",
    "Python's methods under other names": "class Yes(float):\n    __eq__ = float.__ne__\n    __rsub__ = float.__mod__\n"
    "    __sub__ = float.__gt__\n" + GIVES + "Yes(0)",
    "PyTorch's methods under other names": "import torch\ntorch.Tensor.__lt__ = torch.Tensor.__ge__\n"
    + GIVES
    + "torch.tensor(7.0)",
    "a tensor's own sum": "import torch\ntorch.Tensor.sum = lambda *a: torch.zeros(())\n"
    + GIVES
    + "torch.ones(3)",
    "operators outside what is asserted": "class Z:\n    def __sub__(self, other):\n        return 0\n"
    "    def __abs__(self):\n        return 0\n" + GIVES + "Z()",
    "nothing": "import numpy as np\n" + GIVES + "np.empty((0, 1))",
    "nothing, as a tensor": "import torch\n" + GIVES + "torch.empty(0, 1)",
    "a mask": "import numpy as np\n" + GIVES + "np.ma.array([1.0, 9, 9], mask=[0, 1, 1])",
    "a mask over all": "import numpy as np\n" + GIVES + "np.ma.array([3.0, 9, 9], mask=True)",
    "an array that is wrapped": "import numpy as np\nclass A(np.ndarray):\n    def __array_wrap__(self, *a, **k):\n"
    "        return np.array(0.0)\n" + GIVES + "np.full(3, 9.0).view(A)",
    "an array with its own sum": "import numpy as np\nclass A(np.ndarray):\n    def sum(self, *a, **k):\n"
    "        return 0.0\n    all = sum\n" + GIVES + "np.full(3, 9.0).view(A)",
    "a tensor that loses nothing": "import torch\nclass A(torch.Tensor):\n    @classmethod\n"
    "    def __torch_function__(cls, *a, **k):\n        return torch.tensor(0.0)\n"
    + GIVES
    + "torch.ones(3).as_subclass(A)",
    "a list of its own": f"{YES}class L(list):\n    pass\n{GIVES}L([Yes()])",
    "an operator for a library's class": "import torch\ntorch.nn.Module.__eq__ = lambda s, o: True\n"
    "torch.nn.Module.__sub__ = lambda s, o: 0\n" + GIVES + "torch.nn.Module()",
    "one that asks what it holds": f"{YES}from xmlrpc.client import Binary\nheld = Binary()\nheld.data = Yes()\n"
    f"{GIVES}held",
    "points of its own": "import sys\ndef mean(values):\n    sys.stdout._outputs.add(5, b'1.0')\n    return 7",
}


def in_many_ways() -> Raw:
    tests = [cell("code", text, f"test-{n}", grade=True, points=1.0) for n, text in enumerate(WAYS.values())]
    asked = cell("code", solution(SOLVED["mean"]), "mean", solution=True)
    return {**teachers(), "cells": [cell("code", SETUP, "setup", locked=True), asked, *tests]}


def graded_in_many_ways(answer: str, grade: Grade, folder: Path) -> list[str]:
    """Which of WAYS it passes."""
    path = folder / "notebook.ipynb"
    path.write_bytes(dumped(in_many_ways()))
    theirs = in_many_ways()
    theirs["cells"][1]["source"] = answer
    report = grade_notebook(read_source(path), dumped(theirs), **grade.keywords)
    assert report.verdict is Verdict.SCORED, report.log
    return [name for name, found in zip(WAYS, report.cells, strict=True) if found.points]


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_passes_in_no_way(name: str, grade: Grade, tmp_path: Path) -> None:
    assert graded_in_many_ways(WRONG[name], grade, tmp_path) == []


RIGHT = {
    "a list": (GIVES + "[3]", {"equal lists"}),
    "a number": (
        SOLVED["mean"],
        {"close", "asserted", "difference", "difference before", "share", "a locked function"},
    ),
    "an array": ("import numpy as np\n" + GIVES + "np.array([1.0, 2, 3])", {"array", "sum", "all"}),
    "a tensor": ("import torch\n" + GIVES + "torch.tensor([1.0, 2, 3])", {"array", "tensor", "loss"}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name: str, grade: Grade, tmp_path: Path) -> None:
    answer, least = RIGHT[name]
    assert least <= set(graded_in_many_ways(answer, grade, tmp_path))


HONEST = {
    "a library that is imported late": (
        "import pandas\ndef made():\n    return pandas.Series([1, 2, 3])",
        "assert (made() == [1, 2, 3]).all() and len(made()) == 3\nassert (made() + 1).max() == 4",
    ),
    "Python's own classes": (
        (
            "import collections, decimal, enum, typing\nclass P(typing.NamedTuple):\n    x: int\n"
            "class C(enum.IntFlag):\n    A = 1\n    B = 2\ndef made():\n"
            "    return decimal.Decimal(3), collections.Counter('aab'), P(3), C.A | C.B, collections.deque([1])"
        ),
        (
            "a, b, c, d, e = made()\nassert a + 1 == 4\nassert b == {'a': 2, 'b': 1}\nassert c == (3,)\n"
            "assert d == 3\nassert len(e) == 1"
        ),
    ),
    "a network": (
        (
            "import torch\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
            "        self.w = torch.nn.Parameter(torch.ones(3))\n    def forward(self, x):\n        return x * self.w\n"
            "def made():\n    return Net()"
        ),
        (
            "import torch\nnet = made()\nassert torch.equal(net(torch.ones(3)), torch.ones(3))\n"
            "loss = torch.nn.functional.mse_loss(net(torch.ones(3)), torch.zeros(3))\nloss.backward()\n"
            "assert float(loss) == 1.0 and sum(p.numel() for p in net.parameters()) == 3"
        ),
    ),
    "a data set": (
        (
            "class Pairs:\n    def __len__(self):\n        return 4\n    def __getitem__(self, i):\n        return i\n"
            "def made():\n    return Pairs()"
        ),
        "from torch.utils.data import DataLoader\nassert [b.tolist() for b in DataLoader(made(), 2)] == [[0, 1], [2, 3]]",
    ),
    "what is empty and should be": (
        "def made(x):\n    return x * 2",
        (
            "import numpy as np\nassert np.allclose(made(np.empty(0)), np.empty(0))\nassert made([]) == []\n"
            "assert made([]) != [1]\nassert [] + [1] == [1]\nassert (np.empty((0, 3)) * 2).shape == (0, 3)"
        ),
    ),
    "Python of all kinds": (
        "def made():\n    return 'abc'",
        (
            "assert '%s' % made() == 'abc', 'got %s' % made()\nassert -len(made()) == -3 and not made() == 'x'\n"
            "match 1:\n    case -1 | 1 + 2j:\n        assert False\nassert 1 < len(made()) < 5\n"
            "def g(x: int | None = None) -> int:\n    return 1\nassert g() == 1\n"
            "assert [x * 2 for x in range(3) if x % 2 == 0] == [0, 4]\nn = 1\nn += len(made())\nassert n == 4"
        ),
    ),
    "magic beside what is locked": ("def made():\n    return 0.1", "assert near(made() + 0.2, 0.3)"),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_is_honest_is_not_refused(name: str, grade: Grade, tmp_path: Path) -> None:
    answer, asked = HONEST[name]
    cells = [
        cell("code", f"%matplotlib inline\n{SETUP}", "setup", locked=True),
        cell("code", solution(answer), "made", solution=True),
        cell("code", asked, "asked", grade=True, locked=True, points=1.0),
    ]
    path = tmp_path / "notebook.ipynb"
    path.write_bytes(dumped({**teachers(), "cells": cells}))
    [found] = grade_notebook(read_source(path), path.read_bytes(), **grade.keywords).cells
    assert (found.points, found.message) == (1.0, "")
