"""A student's laptop: a folder to work in, log-ins of its own, and a server that it asks."""

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner, Result

from cli import heldout
from grader.errors import HeldoutError
from tests.desk.fake import ONE_TIME, TOKEN, Fake, serving


@dataclass
class Terminal:
    """What is typed in a folder of one's own, with these variables."""

    folder: Path
    variables: dict[str, str | None] = field(default_factory=dict, kw_only=True)

    def type(self, *words: object, given: str = "", folder: Path | None = None) -> Result:
        """What is printed, which is never the token. Raises HeldoutError."""
        with chdir(folder or self.folder / "work"):
            result = CliRunner().invoke(heldout, list(map(str, words)), input=given, env=self._environment())
        assert TOKEN not in result.output
        if isinstance(result.exception, HeldoutError):
            assert TOKEN not in str(result.exception)
            raise result.exception
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        return result

    def _environment(self) -> dict[str, str | None]:
        ours = dict.fromkeys(name for name in os.environ if name.startswith("HELDOUT_"))
        screen = {"COLUMNS": "80", "NO_COLOR": "1", "XDG_CONFIG_HOME": str(self.folder / "config")}
        return {**ours, **screen, **self.variables}


@dataclass
class Laptop(Terminal):
    fake: Fake

    def log_in(self) -> None:
        assert self.type("login", self.fake.url, "--token", ONE_TIME).exit_code == 0

    @property
    def file(self) -> Path:
        return self.folder / "config" / "heldout" / "credentials.json"


@contextmanager
def laptop(folder: Path) -> Iterator[Laptop]:
    (folder / "work").mkdir()
    with serving() as fake:
        yield Laptop(folder, fake)
