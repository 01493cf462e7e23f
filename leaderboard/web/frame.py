"""What every page stands in: the course, who is reading, and how links are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from grader.outline import Outline, RunKind
from leaderboard.boards import folder
from leaderboard.membership import Person, Role
from leaderboard.web.files import digest


@dataclass(frozen=True)
class Frame:
    """A page of a server (`live`), or of a site that was exported: then nobody is logged in.

    home: the way from the page's folder to that of the course, "../../" say. csrf: goes with every form.
    now: what countdowns count from. events: where the page hears of changes, from `home` on. origin: the
    server's address as students type it. Of these an exported page has none.
    """

    course: str
    home: str = ""
    live: bool = False
    person: Person | None = None
    csrf: str = ""
    now: datetime | None = None
    events: str = ""
    origin: str = ""

    def link(self, path: str) -> str:
        """To a page, by its folder in the site: "" or one that ends in a slash.

        >>> Frame("DL", "../", live=True).link("login/"), Frame("DL", "../").link("")
        ('../login/', '../index.html')
        """
        return (self.home + path or "./") if self.live else f"{self.home}{path}index.html"

    def asset(self, path: str) -> str:
        """To a file that all pages share. Changed, it has another address: it can be kept for ever."""
        return f"{self.home}{path}?{digest(path)}" if self.live else self.home + path

    @property
    def staff(self) -> bool:
        """May see what others handed in, and private scores."""
        return self.person is not None and self.person.role.staff

    @property
    def instructor(self) -> bool:
        """May also decide."""
        return self.person is not None and self.person.role is Role.INSTRUCTOR


@dataclass(frozen=True)
class Place:
    """Where one of an assignment's boards is."""

    slug: str
    run_kind: RunKind = RunKind.EVALUATE
    private: bool = False

    @property
    def folder(self) -> str:
        return folder(self.slug, self.run_kind, private=self.private)

    @property
    def trained(self) -> bool:
        return self.run_kind is RunKind.TRAIN

    @property
    def name(self) -> str:
        """What it is called beside the assignment's other boards."""
        return ("train runs" if self.trained else "practice") + (", private" if self.private else "")


@dataclass(frozen=True)
class Menu:
    """An assignment's pages, as far as this reader may open them.

    solutions: its write-ups are open. notebook: it has one. methods: solutions are shipped with it.
    """

    assignment: Outline
    boards: Sequence[Place]
    solutions: bool = False
    notebook: bool = False
    methods: bool = False

    @property
    def folder(self) -> str:
        return f"assignments/{self.assignment.slug}/"

    @cached_property
    def public(self) -> Sequence[Place]:
        return [place for place in self.boards if not place.private]
