"""A student's notebook at the terminal, on a course folder and with a server: handed in, shown, checked."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from grader import archive, kit
from grader.errors import HeldoutError, SandboxError
from grader.notebook.grade import grade_notebook
from grader.outline import NotebookBudget, RunKind
from grader.sandbox import Sandbox
from grader.sandbox.probe import choose
from grader.spec import Limits
from tests.commands.laptop import Terminal
from tests.grader.notebook.course import Raw, dumped, original, students
from tests.server.world import ADA, SLUG, Made, World, make, served

FILE = "mine.ipynb"
WRONG_UNSEEN = "def square(x):\n    return abs(x) * x"  # where the hidden test alone looks
NO_NOTEBOOKS = (b"hello", b"[]", b'{"nbformat": 3, "worksheets": []}')


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("course") / "made")


@dataclass(frozen=True)
class Student:
    """Ada before her desk: what she types, and the course behind it."""

    world: World
    terminal: Terminal
    whose: tuple[str, ...]  # on a course folder she says who she is

    def type(self, *words: object) -> str:
        result = self.terminal.type(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def submit(self, *words: object) -> str:
        return self.type("submit", SLUG, *words, "-m", "mine", "-q", *self.whose)

    @property
    def work(self) -> Path:
        return self.terminal.folder / "work"

    def write(self, raw: Raw) -> Path:
        (self.work / FILE).write_bytes(dumped(raw))
        return self.work / FILE


@pytest.fixture(params=["course folder", "server"])
def ada(request: pytest.FixtureRequest, made: Made, tmp_path: Path) -> Iterator[Student]:
    (tmp_path / "work").mkdir()
    with served(made, tmp_path / "course") as world:
        if request.param == "server":
            known: dict[str, str | None] = {
                "HELDOUT_SERVER": world.url,
                "HELDOUT_TOKEN": world.secrets["ada"].client,
            }
            yield Student(world, Terminal(tmp_path, variables=known), ())
        else:
            known = {"HELDOUT_COURSE": str(world.course.folder)}
            yield Student(world, Terminal(tmp_path, variables=known), ("--team", ADA.team))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    try:
        found = choose("zygote")
    except SandboxError as error:
        pytest.skip(f"no sandbox on this machine: {error}")
    with closing(found):
        yield found


def handed_in(ada: Student) -> list[tuple[RunKind, str]]:
    return [(one.run_kind, one.sha256) for one in ada.world.store.submissions(SLUG, ADA.team)]


def grade(ada: Student, sandbox: Sandbox) -> int:
    """As the grader does, by the toy's own tests; its number."""
    store, job = ada.world.store, ada.world.store.claim("grader", 60.0)
    assert job is not None
    assert job.run_kind is RunKind.NOTEBOOK
    report = grade_notebook(
        original(ada.terminal.folder),
        archive.fetch(ada.world.course.archives, job.sha256),
        kit.bundle([]),
        sandbox=sandbox,
        limits=Limits(memory_bytes=1 << 30),
        budget=NotebookBudget(cell_seconds=3.0, seconds=60.0),
    )
    assert store.record(job, report)
    return job.ref


@pytest.mark.thorough
def test_one_is_handed_in_graded_and_shown(ada: Student, sandbox: Sandbox) -> None:
    raw = students(square=WRONG_UNSEEN)
    raw["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "PRINTED BEFORE"}]
    told = ada.submit("--notebook", ada.write(raw))
    [(kind, digest)] = handed_in(ada)
    assert kind is RunKind.NOTEBOOK
    assert told.startswith(f"{FILE} received as #1, sha256 {digest}")
    kept = archive.fetch(ada.world.course.archives, digest)
    assert sha256(kept).hexdigest() == digest
    assert b"PRINTED BEFORE" not in kept
    assert "queued" in ada.type("show", 1)
    assert grade(ada, sandbox) == 1
    shown = ada.type("show", 1)
    assert f"#1 of {ADA.team}" in shown
    assert "a notebook" in shown
    assert "7 of 14; 5 of them are yet to be read" in shown
    assert "hidden" not in shown
    assert "(notebook)" in ada.type("submissions", SLUG, *ada.whose)


def test_a_notebook_and_a_model_have_a_receipt_each(ada: Student) -> None:
    (ada.work / "model").mkdir()
    (ada.work / "model" / "model.py").write_text("def load(folder, device): ...")
    told = ada.submit("--notebook", ada.write(students()), "-f", "model")
    received = [line for line in told.splitlines() if " received as #" in line]
    assert [line.partition(",")[0] for line in received] == [
        "model.zip received as #1",
        f"{FILE} received as #2",
    ]
    found = handed_in(ada)
    assert {kind for kind, _ in found} == {RunKind.EVALUATE, RunKind.NOTEBOOK}
    assert all(digest in told for _, digest in found)


def test_what_is_no_notebook_is_refused_before_anything_is_sent(ada: Student) -> None:
    (ada.work / "model.py").write_text("def load(folder, device): ...")
    for data in NO_NOTEBOOKS:
        (ada.work / FILE).write_bytes(data)
        for more in ((), ("-f", ".")):
            with pytest.raises(HeldoutError, match=r"mine\.ipynb can't be handed in") as caught:
                ada.submit("--notebook", FILE, *more)
            assert "nbformat 4" in caught.value.expected
    with pytest.raises(HeldoutError, match=r"mine\.ipynb can't be handed in"):
        ada.type("check", "--notebook", FILE)
    assert handed_in(ada) == []


def test_one_that_is_not_there_is_named(ada: Student) -> None:
    with pytest.raises(HeldoutError, match=r"mine\.ipynb can't be handed in"):
        ada.submit("--notebook", FILE)
    result = ada.terminal.type("check", "--notebook", FILE)
    assert result.exit_code == 2
    assert "mine.ipynb" in result.stderr


def test_a_check_has_the_visible_tests_and_costs_nothing(ada: Student) -> None:
    before = ada.type("limits", SLUG, *ada.whose)
    ada.write(students(square=WRONG_UNSEEN))
    told = ada.type("check", "--notebook", FILE)
    assert "All tests that you can see pass" in told
    assert "test_share" in told
    assert (handed_in(ada), ada.type("limits", SLUG, *ada.whose)) == ([], before)


def test_a_check_names_the_test_that_fails_and_what_was_raised(ada: Student) -> None:
    raw = students(mean="def mean(values):\n    return 4.0")
    raw["cells"][1]["source"] = "LIMIT = 10\nraise RuntimeError('mended by nobody')"
    ada.write(raw)
    with pytest.raises(HeldoutError, match="1 of the tests that you can see fail") as caught:
        ada.type("check", "--notebook", FILE)
    assert caught.value.where == "test_mean"
    assert handed_in(ada) == []
