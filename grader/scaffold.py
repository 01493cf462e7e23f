"""A new assignment: the template, a small one that runs as it is, written out under another name."""

import json
import keyword
import re
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from grader.catalogue import HOME
from grader.errors import HeldoutError

TEMPLATE = Path(__file__).parent / "template"
PARTS = ("baselines", "reference_solutions", "assignments")  # in this order: the last makes it an assignment
SUFFIXES = (".md", ".py", ".toml")
SLUG, TITLE = "the_slug", "The title"  # as the template has them

PATTERN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 40  # characters


def create(slug: str, home: Path = HOME, *, title: str | None = None) -> Path:
    """Write the assignment `slug`, with a baseline and a reference solution, into `home`; return its folder.

    title: what people call it, by default the slug in words. Raises HeldoutError when slug or title won't do
    or something of that name is there; whatever goes wrong, no part of it is left.
    """
    _check_slug(slug)
    _check_free(slug, home)
    title = slug.replace("-", " ").capitalize() if title is None else _checked_title(title)
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".new-") as temporary:
        draft = Path(temporary)
        _write(draft, slug, title)
        _move(draft, home, slug)
    return home / "assignments" / slug


def _write(draft: Path, slug: str, title: str) -> None:
    for source in sorted(TEMPLATE.rglob("*")):
        if source.suffix in SUFFIXES:
            target = draft / str(source.relative_to(TEMPLATE)).replace(SLUG, slug)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_fill(source.read_text(encoding="utf-8"), slug, title), encoding="utf-8")


def _fill(text: str, slug: str, title: str) -> str:
    """Put slug and title in their places, in one go: a title may have the other's placeholder in it.

    >>> _fill('# The title: the_slug, title="The title"', "waves", 'A "wave"')
    '# A "wave": waves, title="A \\\\"wave\\\\""'
    """
    quoted = json.dumps(title, ensure_ascii=False)  # of one printable line: a literal of Python's as well
    places = {SLUG: slug, f'"{TITLE}"': quoted, TITLE: title}
    return re.sub("|".join(places), lambda found: places[found[0]], text)


def _move(draft: Path, home: Path, slug: str) -> None:
    with ExitStack() as undo:
        for part in PARTS:
            target = home / part / slug
            target.parent.mkdir(exist_ok=True)
            (draft / part / slug).rename(target)
            undo.callback(shutil.rmtree, target)
        undo.pop_all()


def _check_slug(slug: str) -> None:
    if PATTERN.fullmatch(slug) and len(slug) <= LONGEST and not keyword.iskeyword(slug):
        return
    likely = re.sub("[^a-z0-9]+", "-", slug.lower()).strip("-")[:LONGEST].rstrip("-")
    if not PATTERN.fullmatch(likely) or keyword.iskeyword(likely):
        likely = f"task-{likely}".rstrip("-")[:LONGEST]
    raise HeldoutError(
        f"{slug!r} can't be an assignment's name",
        where="SLUG, which names folders, commands and pages",
        expected=f"lower-case letters and digits, a letter first, hyphens between words, at most {LONGEST} "
        "characters, and no keyword of Python",
        next_step=f"heldout assignment new {likely}",
    )


def _check_free(slug: str, home: Path) -> None:
    taken = [path for place in (home, HOME) for part in PARTS if (path := place / part / slug).exists()]
    if taken:
        raise HeldoutError(
            f"there is something of the name {slug!r}",
            where=", ".join(dict.fromkeys(map(str, taken))),
            expected="a name that no assignment, baseline or reference solution has: nothing is overwritten",
            next_step="choose another, or move that away",
        )


def _checked_title(title: str) -> str:
    if not title.strip() or not title.isprintable():
        raise HeldoutError(
            f"{title!r} can't be an assignment's title",
            where="--title",
            expected="one line of printable characters",
            next_step="leave it out to have the slug in words",
        )
    return title.strip()
