"""The shipped solutions as a gallery of methods: idea, formulas, scores, pictures, and the files."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from posixpath import join, normpath

from grader.catalogue import Solution
from leaderboard.plain import one_line
from leaderboard.records import Row
from leaderboard.web import prose
from leaderboard.web.board import Board, Exhibit
from leaderboard.web.environment import render
from leaderboard.web.frame import Frame, Menu

FILES = ("model.py", "train.py")
FORMULA = "    "  # what a docstring's formulas are indented by
PARENTS = {"baseline": "baselines", "reference": "reference_solutions"}
MARKED = re.compile(r"`([^`]*)`|((?:(?:\.\./)+|baselines/|reference_solutions/)[a-z0-9_/]*[a-z0-9_])")


@dataclass(frozen=True)
class Block:
    """A paragraph, or lines with a formula as they stand in the file."""

    text: str
    formula: bool = False

    @property
    def parts(self) -> Sequence[tuple[str, str]]:
        """Each with its kind: "code" is what stands between backquotes, "path" another solution's folder.

        >>> Block("by `train.py`, as ../gru.").parts
        [('by ', ''), ('train.py', 'code'), (', as ', ''), ('../gru', 'path'), ('.', '')]
        """
        found, end, text = [], 0, one_line(self.text)
        for marked in MARKED.finditer(text):
            code, path = marked.groups()
            found += [(text[end : marked.start()], ""), (path, "path") if path else (code, "code")]
            end = marked.end()
        return [part for part in [*found, (text[end:], "")] if part[0]]


@dataclass(frozen=True)
class Method:
    """A shipped solution. `trained`: what its train.py says of score, steps, hardware and time.

    standings: on which boards it stands, and where. exhibits: what it made of public examples.
    """

    kind: str  # "baseline" or "reference"
    name: str
    title: str
    idea: Sequence[Block]
    trained: Sequence[Block]
    sources: Mapping[str, str]
    standings: Sequence[tuple[Board, Row]] = ()
    exhibits: Sequence[tuple[Board, Exhibit]] = ()
    slug: str = ""

    @property
    def anchor(self) -> str:
        return f"{self.kind}-{self.name}"

    @property
    def folder(self) -> str:
        return f"{PARENTS[self.kind]}/{self.slug}/{self.name}"

    def meant(self, path: str) -> str:
        """The folder that its docstrings mean by `path`, which begins at its own or at the top.

        >>> elman = Method("reference", "elman", "", (), (), {}, slug="rnn")
        >>> elman.meant("../gru"), elman.meant("baselines/rnn/unigram")
        ('reference_solutions/rnn/gru', 'baselines/rnn/unigram')
        """
        return normpath(join(self.folder, path)) if path.startswith(".") else path


def method(solution: Solution, boards: Sequence[Board]) -> Method:
    """As its files and the boards tell."""
    paths = [solution.folder / name for name in FILES if (solution.folder / name).is_file()]
    sources = {path.name: path.read_text(encoding="utf-8") for path in paths}
    title, *idea = blocks(sources["model.py"])
    standings = [(board, row) for board in boards for row in board.rows if row.team == solution.team]
    own = [(board, _of(row, exhibit)) for board, row in standings for exhibit in board.exhibits]
    return Method(
        solution.kind,
        solution.name,
        title.text,
        idea,
        blocks(sources["train.py"])[1:] if "train.py" in sources else (),
        sources,
        standings,
        [(board, exhibit) for board, exhibit in own if exhibit.pieces],
        solution.slug,
    )


def _of(row: Row, exhibit: Exhibit) -> Exhibit:
    return replace(exhibit, pieces=[piece for piece in exhibit.pieces if piece.row is row])


def blocks(source: str) -> list[Block]:
    """Of a file's docstring. Its first is the title.

    >>> blocks('"Squares.\\\\n\\\\nBy eq. 1:\\\\n    y = x²\\\\nand so on."')
    [Block(text='Squares.', formula=False), Block(text='By eq. 1:', formula=False), \
Block(text='y = x²', formula=True), Block(text='and so on.', formula=False)]
    """
    written = ast.get_docstring(ast.parse(source)) or ""
    return [block for paragraph in written.split("\n\n") for block in _blocks(paragraph)] or [Block("")]


def _blocks(paragraph: str) -> Iterator[Block]:
    for formula, lines in groupby(paragraph.splitlines(), key=lambda line: line.startswith(FORMULA)):
        found = [line.removeprefix(FORMULA) for line in lines]
        yield Block("\n".join(found), True) if formula else Block(" ".join(found))


def methods_page(frame: Frame, menu: Menu, methods: Sequence[Method], lessons: str = "") -> str:
    """In the order given. lessons: what the comparison teaches, Markdown of the assignment's author."""
    return render(
        "methods.html",
        frame=frame,
        menu=menu,
        methods=methods,
        shown={one.folder: one for one in methods},
        lessons=prose.statement(lessons) if lessons else "",
    )
