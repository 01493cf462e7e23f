"""Notebooks of all kinds of students: what each gets, and why."""

import json
import re
import resource
from pathlib import Path

import pytest

from grader.errors import Reason
from grader.notebook.executed import unpack
from grader.notebook.grade import grade_notebook
from grader.notebook.source import read_source
from grader.outline import NotebookBudget
from grader.report import CellResult, CellState, Report, Verdict
from grader.spec import Limits
from tests.grader.notebook.conftest import Grade
from tests.grader.notebook.course import (
    SOLVED,
    Raw,
    cell,
    dumped,
    inserted,
    place,
    solution,
    students,
    teachers,
    test,
)

ALL = {"test_square": 2.0, "test_mean": 3.0, "test_share": 2.0}
NO_SQUARE = ALL | {"test_square": 0.0, "test_share": 0.0}


def points(report: Report) -> dict[str, float]:
    return {one.id: one.points for one in report.cells if one.state is not CellState.MANUAL}


def of(report: Report, name: str) -> CellResult:
    return next(one for one in report.cells if one.id == name)


def test_a_solved_one_has_all_points_that_tests_give(grade: Grade) -> None:
    report = grade(dumped(students()))
    assert (report.verdict, points(report)) == (Verdict.SCORED, ALL)
    assert of(report, "why") == CellResult("why", CellState.MANUAL, 5.0)
    assert report.public["points"].value == report.private["points"].value == 7.0
    assert report.resources.launcher == "zygote"


def test_the_teachers_own_has_them_too(grade: Grade) -> None:
    assert points(grade(dumped(teachers()))) == ALL


def test_one_that_passes_what_it_can_see_alone(grade: Grade) -> None:
    report = grade(dumped(students(square="def square(x):\n    return x + 6 if x > 2 else 4")))
    found = of(report, "test_square")
    assert (found.state, found.points, found.visible) == (CellState.FAILED_HIDDEN, 0.0, 2.0)
    assert (report.public["points"].value, report.private["points"].value) == (7.0, 5.0)


# ---------------------------------------------------------------- harmless, and no reason for fewer points

HARMLESS = {
    "warnings": "import warnings\n\ndef square(x):\n    warnings.warn('slow')\n    return x * x",
    "stderr": "import sys\n\ndef square(x):\n    print('50 %', file=sys.stderr)\n    return x * x",
    "a million lines": "def square(x):\n    print('x' * 50_000_000)\n    return x * x",
    "numpy's own numbers": "import numpy as np\n\ndef square(x):\n    return np.int64(x) ** 2",
    "torch's own numbers": "import torch\n\ndef square(x):\n    return torch.tensor(x) ** 2",
    "magic": "%matplotlib inline\n\ndef square(x):\n    return x * x",
    "fractions": "from fractions import Fraction\n\ndef square(x):\n    return Fraction(x) ** 2",
    "data": "def square(x):\n    assert open('data/numbers.txt').read() == '1 2 3'\n    return x * x",
    "children that end": "import os\nif os.fork() == 0:\n    pass\n\ndef square(x):\n    return x * x",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_no_harm_costs_nothing(name: str, grade: Grade) -> None:
    assert points(grade(dumped(students(square=HARMLESS[name])))) == ALL


def test_outputs_are_kept_within_bounds(grade: Grade) -> None:
    report = grade(dumped(inserted(students(), "square", "print('x' * 50_000_000)")))
    assert points(report) == ALL
    assert len(report.notebook) < 1_000_000
    printed = "".join(one.text for shown in unpack(report.notebook) for one in shown.outputs)
    assert "more bytes were not kept" in printed


# ---------------------------------------------------------------- tricks

TRICKS = {
    "always equal": "class Yes:\n    def __eq__(self, other):\n        return True\n    def __abs__(self):\n"
    "        return 0\n\ndef square(x):\n    return Yes()",
    "as if numpy's own": "class int64:\n    __module__ = 'numpy'\n    def __eq__(self, other):\n"
    "        return True\n\ndef square(x):\n    return int64()",
    "always equal, a dataclass": "class Yes:\n    __dataclass_fields__ = {}\n    def __eq__(self, other):\n"
    "        return True\n\ndef square(x):\n    return Yes()",
    "an AST transformer": "import ast\nclass Deaf(ast.NodeTransformer):\n    def visit_Assert(self, node):\n"
    "        return ast.Pass()\nget_ipython().ast_transformers.append(Deaf())\ndef square(x):\n    return 0",
    "an input transformer": "get_ipython().input_transformers_post.append(lambda lines: ['pass\\n'])\n"
    "def square(x):\n    return 0",
    "patched builtins": "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.isinstance = lambda *a: True\n"
    "def square(x):\n    return 0",
    "a patched compiler": "import builtins, ast\nkept = builtins.compile\n"
    "builtins.compile = lambda s, *a, **k: kept('pass', *a[:1], 'exec')\n"
    "ast.parse = lambda *a, **k: kept('pass', 'x', 'exec', 1024)\n"
    "def square(x):\n    return 0",
    "AssertionError caught": "import sys\nsys.excepthook = lambda *a: None\n"
    "get_ipython().set_custom_exc((AssertionError,), lambda *a, **k: None)\ndef square(x):\n    return 0",
    "an exchanged transformer": "from IPython.core.inputtransformer2 import TransformerManager as T\n"
    "T.transform_cell = lambda self, cell: 'pass'\ndef square(x):\n    return 0",
    "a parser that knows the harmless": "import ast\np = ast.parse\n"
    "ast.parse = lambda s, *a, **k: p(s if '1 == 2' in s else 'pass')\ndef square(x):\n    return 0",
    "an exchanged array": "import numpy as np\nk = np.array\ndef square(x):\n"
    "    np.array = lambda v, *a, **q: k([0, v[1]] if len(v) == 2 else v, *a, **q)\n    return 0",
    "a name that hides Python's own": "abs = lambda x: 0\nisinstance = lambda *a: True\ndef square(x):\n    return None",
    "own builtins": "import builtins\n__builtins__ = {**vars(builtins), 'abs': lambda x: 0}\ndef square(x):\n    return 0",
    "own namespace": "class N(dict):\n    def __getitem__(self, k):\n        return (lambda v, *a: 9) if k.startswith('_')"
    " and len(k) == 17 else dict.__getitem__(self, k)\n"
    "get_ipython().user_ns = N(get_ipython().user_ns)\ndef square(x):\n    return 0",
    "mock.ANY": "from unittest.mock import ANY\ndef square(x):\n    return ANY",
    "a proxy": "import weakref\nclass Yes:\n    def __eq__(self, other):\n        return True\nyes = Yes()\n"
    "def square(x):\n    return weakref.proxy(yes)",
    "an array of anything": "import numpy as np\nclass Yes:\n    def __eq__(self, other):\n        return True\n"
    "def square(x):\n    return np.array([Yes()], dtype=object)",
    "planted in numpy": "import numpy\nclass Yes:\n    def __eq__(self, other):\n        return True\n"
    "Yes.__module__ = 'numpy'\nnumpy.Yes = Yes\ndef square(x):\n    return Yes()",
    "a metaclass that hides": "class M(type):\n    __dict__ = property(lambda c: {})\nclass Yes(metaclass=M):\n"
    "    def __eq__(self, other):\n        return True\ndef square(x):\n    return Yes()",
    "a fraction that agrees": "from fractions import Fraction\nFraction.__eq__ = lambda s, o: True\ndef square(x):\n"
    "    return Fraction(1, 3)",
    "a hook that listens": "import sys\ndef hook(event, args):\n    if event == 'exec':\n        import builtins\n"
    "        builtins.abs = lambda x: 0\nsys.addaudithook(hook)\ndef square(x):\n    return 0",
    "exit": "import sys\n\ndef square(x):\n    sys.exit(0)",
    "points by hand": "def square(x):\n    return 0\nscore = 100\nTOTAL = {'test_square': 1000}",
    "standard output": "print('test_square: 2 points')\n\ndef square(x):\n    return 0",
}


@pytest.mark.parametrize("name", TRICKS)
def test_a_trick_earns_nothing(name: str, grade: Grade) -> None:
    found = points(grade(dumped(students(square=TRICKS[name]))))
    assert (found["test_square"], found["test_share"]) == (0.0, 0.0)


PLEASING = {
    "arithmetic": "class Z:\n    def __sub__(self, other):\n        return 0\n\ndef mean(values):\n    return Z()",
    "absolute": "class Z:\n    def __sub__(self, other):\n        return self\n    def __abs__(self):\n        return 0\n"
    "\ndef mean(values):\n    return Z()",
    "abs by another name": "abs = lambda x: 0\n\ndef mean(values):\n    return 7",
    "garbage collection": "import gc, builtins\ndef back(*a):\n    builtins.abs = lambda x: 0\ngc.callbacks.append(back)\n"
    "\ndef mean(values):\n    return 7",
}


@pytest.mark.parametrize("name", PLEASING)
def test_a_difference_that_pleases_earns_nothing(name: str, grade: Grade) -> None:
    assert points(grade(dumped(students(mean=PLEASING[name]))))["test_mean"] == 0.0


SHARES = {
    "numpy's zero": ("import numpy as np\nnp.float64(0.0)", 0.0),
    "torch's share": ("import torch\ntorch.tensor(1.5)", 1.5),
    "what is false": ("square(2) == 5", 0.0),
    "what is true": ("square(2) == 4", 4.0),
    "too many": ("1e9", 4.0),
    "fewer than none": ("-3", 0.0),
    "no number": ("float('nan')", 0.0),
    "a word": ("'all of them'", 4.0),
}


@pytest.mark.parametrize("name", SHARES)
def test_what_a_test_ends_with(name: str, grade: Grade, tmp_path: Path) -> None:
    source, expected = SHARES[name]
    raw = teachers()
    raw["cells"][place(raw, "test_share")]["source"] = source
    path = tmp_path / "notebook.ipynb"
    path.write_bytes(dumped(raw))
    report = grade_notebook(read_source(path), dumped(students()), **grade.keywords)
    assert points(report)["test_share"] == expected


def test_a_flood_of_results_hides_no_share(grade: Grade) -> None:
    flood = "def square(x):\n    for _ in range(600):\n        get_ipython().displayhook('x' * 1000)\n    return x * x"
    assert points(grade(dumped(students(square=flood))))["test_share"] == 2.0


def test_a_notebook_whose_time_is_used_up_says_which_cells_were_not_run(grade: Grade) -> None:
    raw = inserted(students(), "mean", "import time\ntime.sleep(30)")
    short = grade.keywords | {"budget": NotebookBudget(cell_seconds=60.0, seconds=2.0)}
    report = grade.func(*grade.args, dumped(raw), **short)
    assert [(one.id, one.state) for one in report.cells if one.state is not CellState.MANUAL] == [
        ("test_square", CellState.PASSED),
        ("test_mean", CellState.NOT_RUN),
        ("test_share", CellState.NOT_RUN),
    ]
    assert "time was used up" in of(report, "test_mean").message


def test_files_beside_it_that_do_not_fit_are_our_fault(grade: Grade) -> None:
    small = grade.keywords | {"limits": Limits(memory_bytes=1 << 30, unpacked_bytes=1)}
    assert grade.func(*grade.args, dumped(students()), **small).verdict is Verdict.GRADER_ERROR


def test_a_students_own_result_is_none(grade: Grade) -> None:
    own = "def mean(values):\n    get_ipython().displayhook(3.0)\n    return 0"
    assert points(grade(dumped(students(mean=own))))["test_mean"] == 0.0


def test_a_class_that_the_teacher_asks_for_may_have_operators(grade: Grade, tmp_path: Path) -> None:
    vector = "class Vector:\n    def __init__(self, x):\n        self.x = x\n    def __eq__(self, other):\n        return self.x == other.x"
    raw = teachers()
    raw["cells"][place(raw, "square")]["source"] = solution(vector + "\n" + SOLVED["square"])
    raw["cells"][place(raw, "test_share")]["source"] = (
        "assert Vector(3) == Vector(3)\nassert not Vector(3) == Vector(4)"
    )
    path = tmp_path / "notebook.ipynb"
    path.write_bytes(dumped(raw))
    theirs = students(square=vector + "\n" + SOLVED["square"])
    assert points(grade_notebook(read_source(path), dumped(theirs), **grade.keywords))["test_share"] == 4.0


def test_a_module_beside_the_notebook_can_be_imported(grade: Grade) -> None:
    raw = students(square="from helper import square")
    raw = inserted(raw, "square", "open('helper.py', 'w').write('def square(x):\\n    return x * x')")
    assert points(grade(dumped(raw))) == ALL


@pytest.mark.thorough
def test_outputs_without_end_cost_the_grader_nothing(grade: Grade) -> None:
    raw = students()
    for _ in range(60):
        raw["cells"].insert(0, cell("code", "print('x' * (1 << 20))"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = grade(dumped(raw))
    assert points(report) == ALL
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000, "KiB"


def test_a_trick_spoils_no_neighbours_points(grade: Grade) -> None:
    for name in ("always equal", "patched builtins", "exit"):
        assert points(grade(dumped(students(square=TRICKS[name]))))["test_mean"] == 3.0


def test_patched_numpy_is_put_back(grade: Grade) -> None:
    cheat = (
        "import numpy as np\nnp.mean = lambda v: 7\n\ndef mean(values):\n    return float(np.mean(values))"
    )
    report = grade(dumped(students(mean=cheat)))
    assert points(report)["test_mean"] == 3.0, "numpy's own mean is what runs in the test"


# ---------------------------------------------------------------- what was handed out and came back otherwise


def changed_test() -> Raw:
    raw = students(square="def square(x):\n    return 0")
    raw["cells"][place(raw, "test_square")]["source"] = "assert True"
    return raw


def deleted_test() -> Raw:
    raw = students(square="def square(x):\n    return 0")
    del raw["cells"][place(raw, "test_square")]
    return raw


def duplicated_test() -> Raw:
    raw = students()
    raw["cells"].append(test("test_square"))
    return raw


def duplicated_answer() -> Raw:
    raw = students()
    raw["cells"].append(cell("code", "def square(x):\n    return 0", "square", solution=True))
    return raw


def changed_points() -> Raw:
    raw = students()
    raw["cells"][place(raw, "test_square")]["metadata"]["nbgrader"]["points"] = 2000
    return raw


def renamed_test() -> Raw:
    raw = students(square="def square(x):\n    return 0")
    one = raw["cells"][place(raw, "test_square")]
    one["id"] = one["metadata"]["nbgrader"]["grade_id"] = "something-else"
    return raw


def renamed_answer() -> Raw:
    """It runs all the same, as a cell of the student's own."""
    raw = students()
    one = raw["cells"][place(raw, "square")]
    one["id"] = one["metadata"]["nbgrader"]["grade_id"] = "something-else"
    return raw


def lost_metadata() -> Raw:
    raw = students()
    for one in raw["cells"]:
        one["metadata"] = {}
    return raw


CAME_BACK = {
    "a test is changed": (changed_test, NO_SQUARE, "test_square", "the original ran"),
    "a test is deleted": (deleted_test, NO_SQUARE, "test_square", "missing"),
    "a test is there twice": (duplicated_test, ALL, "test_square", "more than once"),
    "an answer is there twice": (duplicated_answer, ALL, "", ""),
    "points are changed": (changed_points, ALL, "test_square", "original ones count"),
    "a test's id is changed": (renamed_test, NO_SQUARE, "test_square", "missing"),
    "an answer's id is changed": (renamed_answer, ALL, "", ""),
    "an editor lost the metadata": (lost_metadata, ALL, "", ""),
}


@pytest.mark.parametrize("name", CAME_BACK)
def test_what_came_back_otherwise(name: str, grade: Grade) -> None:
    make, expected, noted, words = CAME_BACK[name]
    report = grade(dumped(make()))
    assert points(report) == expected
    if noted:
        assert words in "; ".join(of(report, noted).notes)


def test_a_missing_answer_is_named_where_its_test_fails(grade: Grade) -> None:
    raw = students()
    del raw["cells"][place(raw, "mean")]
    found = of(grade(dumped(raw)), "test_mean")
    assert (found.state, found.points) == (CellState.FAILED, 0.0)
    assert "mean is missing" in found.message


def test_another_kernel_is_remarked_upon(grade: Grade) -> None:
    raw = students()
    raw["metadata"] = {"kernelspec": {"name": "ir", "language": "R"}}
    report = grade(dumped(raw))
    assert points(report) == ALL
    assert "'R'" in report.log


# ---------------------------------------------------------------- what runs ill

ILL = {
    "an endless loop": ("while True:\n    pass", ALL),
    "an endless loop that tries everything": (
        "while True:\n    try:\n        while True:\n            pass\n    except Exception:\n        pass",
        ALL,
    ),
    "a long sleep": ("import time\ntime.sleep(1000)", ALL),
    "a question": ("name = input('your name? ')", ALL),
    "a missing file": ("open('mine.csv')", ALL),
    "an exit": ("import os\nos._exit(0)", ALL),
    "too much memory": ("hoard = bytearray(3 << 30)", ALL),
    "too much memory, bit by bit": ("hoard = []\nwhile True:\n    hoard.append(b'x' * (50 << 20))", ALL),
    "a fork bomb": ("import os\nwhile True:\n    os.fork()", ALL),
    "a crash": ("import ctypes\nctypes.string_at(0)", ALL),
    "syntax": ("def broken(:", ALL),
    "closed descriptors": ("import os\nos.closerange(3, 100)", ALL),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", ILL)
def test_other_cells_are_graded_all_the_same(name: str, grade: Grade) -> None:
    source, expected = ILL[name]
    assert points(grade(dumped(inserted(students(), "square", source)))) == expected


@pytest.mark.thorough
def test_a_test_that_never_ends_says_so(grade: Grade) -> None:
    report = grade(dumped(students(square="def square(x):\n    while True:\n        pass")))
    assert of(report, "test_square").state is CellState.STOPPED
    assert "too long" in of(report, "test_square").message
    assert points(report)["test_mean"] == 3.0


NO_NOTEBOOKS = {
    "nothing": b"",
    "a picture": b"\x89PNG\r\n\x1a\n",
    "a script": b"print('hello')",
    "a list": b"[1, 2]",
    "an old format": json.dumps({"nbformat": 3, "worksheets": [{"cells": []}]}).encode(),
    "cells that are none": json.dumps(
        {"nbformat": 4, "cells": [{"cell_type": "code", "source": 7}]}
    ).encode(),
    "cells in a dictionary": json.dumps({"nbformat": 4, "cells": {"a": 1}}).encode(),
    "nested without end": b"[" * 100_000,
    "numbers without end": b'{"nbformat": ' + b"9" * 10_000 + b"}",
    "too many cells": json.dumps(
        {"nbformat": 4, "cells": [{"cell_type": "code", "source": "1", "metadata": {}}] * 5_000}
    ).encode(),
}


@pytest.mark.parametrize("name", NO_NOTEBOOKS)
def test_what_is_no_notebook_fails_with_a_reason(name: str, grade: Grade) -> None:
    report = grade(NO_NOTEBOOKS[name])
    assert report.verdict is Verdict.FAILED
    assert report.failure is not None
    assert report.failure.reason is Reason.BAD_NOTEBOOK
    assert "next: " in report.failure.message


# ---------------------------------------------------------------- hidden tests stay hidden


def test_nothing_of_a_hidden_test_is_told(grade: Grade) -> None:
    """Whoever hooks into the process may see hidden tests run; none of what they print then is told."""
    hook = (
        "import sys, traceback\n\ndef square(x):\n"
        "    frame = sys._getframe(1)\n"
        "    print('SEEN', x, frame.f_globals.get('hidden_input'), frame.f_code.co_consts)\n"
        "    kept.append((x, frame.f_code.co_consts))\n    return x * x if x > 0 else 0\nkept = []"
    )
    raw = students(square=hook)
    raw["cells"].append(cell("code", "print('LATER', kept)\nraise ValueError(repr(kept))"))
    raw = inserted(raw, "mean", "print('AFTER', kept)")
    report = grade(dumped(raw))
    told = [one.text for shown in unpack(report.notebook) for one in shown.outputs]
    told += [one.message for one in report.cells]
    told += [shown.source for shown in unpack(report.notebook)]
    told = [re.sub(r"\b0x[0-9a-f]+", "", text) for text in told]  # an address may have any digits
    assert of(report, "test_square").state is CellState.FAILED_HIDDEN, "it was run, and saw the hook"
    assert [text for text in told if "SEEN" in text], "what the visible test made it print is told"
    assert not [text for text in told if "-17" in text or "CANARY" in text or "289" in text]


@pytest.mark.thorough
def test_how_a_hidden_test_ends_is_told_to_nobody(grade: Grade) -> None:
    """Not by what later tests give, nor by an end of the process, nor by time."""
    honest = grade(dumped(students()))
    for sign in ("import os; os._exit(0)", "import time; time.sleep(8)", "later.append(1)"):
        answer = f"later = []\ndef square(x):\n    if x < 0:\n        {sign}\n    return x * x"
        mean = "def mean(values):\n    return 3 if not later else 4"
        report = grade(dumped(students(square=answer, mean=mean)))
        seen = [(one.id, one.visible) for one in report.cells]
        assert seen == [(one.id, one.visible) for one in honest.cells]
        assert report.resources.wall_seconds < 8


def test_a_hidden_test_is_not_in_the_process_before_it_runs(grade: Grade) -> None:
    look = """
import re
places, hit = [line.split()[0] for line in open("/proc/self/maps") if " rw" in line], False
with open("/proc/self/mem", "rb", 0) as memory:
    for place in places:
        low, high = (int(part, 16) for part in place.split("-"))
        try:
            memory.seek(low)
            found = memory.read(min(high - low, 1 << 28))
        except (OSError, ValueError):
            continue
        hit |= any(found[at.end() : at.end() + 6] == b"hidden" for at in re.finditer(b"CANARY of a ", found))
        del found
print("hit", hit, len(places) > 20)
"""
    report = grade(dumped(inserted(students(), "square", look)))
    printed = "".join(one.text for shown in unpack(report.notebook) for one in shown.outputs)
    assert "hit False True" in printed
