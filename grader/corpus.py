"""Text for language models: found on this machine, verified, split by the course's seed.

The King James Bible (1611, out of copyright): 31,102 verses, 4.1 million characters, 63 symbols with the
line break. Debian's package bible-kjv-text holds it compressed; the program `bible` of bible-kjv prints it.
"""

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from grader.datasets import split
from grader.errors import HeldoutError

Codes = npt.NDArray[np.uint8]

# Without its pretty-printing: a line for each verse, "Ge1:1 In the beginning …".
PRINT_ALL = ("-f", "Gen1:1-Rev22:21")
PRINT_SECONDS = 120.0  # a tenth of a second is usual
KJV_SHA256 = "cd45f0c9cedab8e4439bd6486c8952c77cc8b0ecc5d1f6ae3513f2039f47229d"  # of what it prints then

TEXT = "text.txt"  # a course's own text in the folder of its data sets
MOST_SYMBOLS = 256  # so that one byte holds the code of any
# Held out or handed out together, whole lines. Room for one stream of the rnn assignment: two from one place
# in the text are hard or easy together, and boards of few places differ by more than their intervals say.
BLOCK_CHARACTERS = 1_700
GET_ONE = (
    "run either `apt install bible-kjv bible-kjv-text`, or name a text file of your own in course.toml: "
    '[assignments.SLUG] data = "FILE"'
)


@dataclass(frozen=True)
class Corpus:
    """lines: without their line breaks. symbols: all that occur and the line break, by code point."""

    lines: tuple[str, ...]
    symbols: str

    def encode(self, lines: tuple[str, ...]) -> Codes:
        """The place in `symbols` of each character, a line break after every line: (characters,) uint8.

        >>> Corpus(("ab", "b"), "\\nab").encode(("ab", "b")).tolist()
        [1, 2, 0, 2, 0]
        """
        points = np.frombuffer("".join(line + "\n" for line in lines).encode("utf-32-le"), "<u4")
        known = np.frombuffer(self.symbols.encode("utf-32-le"), "<u4")
        return np.searchsorted(known, points).astype(np.uint8)

    def blocks(self) -> list[Codes]:
        """The text in order, cut into blocks of whole lines: 1,700 characters or a few more."""
        blocks, first, length = [], 0, 0
        for place, line in enumerate(self.lines, start=1):
            length += len(line) + 1
            if length >= BLOCK_CHARACTERS or place == len(self.lines):
                blocks.append(self.encode(self.lines[first:place]))
                first, length = place, 0
        return blocks


def corpus(source: Path | None = None) -> Corpus:
    """A course's own text (`source` is a file, or a folder with text.txt), else the King James Bible.

    Raises HeldoutError where there is none, or where it is damaged, empty or of more than 256 symbols.
    """
    if source is None or (source.is_dir() and not (source / TEXT).is_file()):
        return kjv()
    return own_text(source / TEXT if source.is_dir() else source)


def kjv(program: str = "bible") -> Corpus:
    """The King James Bible, a line for each verse, as Debian's `program` prints it.

    Raises HeldoutError when a package is missing or the text is not the one whose SHA-256 is known.
    """
    printed = _print_all(program)
    found = hashlib.sha256(printed).hexdigest()
    if found != KJV_SHA256:
        raise HeldoutError(
            "the King James text is damaged or of another edition",
            where=f"`{program} {' '.join(PRINT_ALL)}`, which prints {len(printed):,} bytes",
            expected=f"SHA-256 {KJV_SHA256}; found {found}",
            next_step="run either `apt install --reinstall bible-kjv bible-kjv-text`, or name a text file of "
            'your own in course.toml: [assignments.SLUG] data = "FILE"',
        )
    verses = printed.decode("ascii").splitlines()
    return _corpus(tuple(verse.split(" ", 1)[1] for verse in verses), where=program)


def own_text(file: Path) -> Corpus:
    """Any text file in UTF-8.

    Raises HeldoutError when it is missing, is no text, is empty or has more than 256 symbols.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise HeldoutError(
            "the course's text is not there",
            where=f"{file}: {error.strerror}",
            expected="a text file",
            next_step=GET_ONE,
        ) from error
    except UnicodeDecodeError as error:
        raise HeldoutError(
            "the course's text is not UTF-8",
            where=f"{file}, byte {error.start}",
            expected="a text file in UTF-8",
            next_step=f"convert it: `iconv -f ENCODING -t UTF-8 {file}`",
        ) from error
    return _corpus(tuple(text.split("\n")[: -1 if text.endswith("\n") else None]), where=str(file))


def split_blocks(text: Corpus, seed: int, *, sizes: tuple[int, ...]) -> list[list[Codes]]:
    """Blocks in disjoint parts of the given numbers of blocks, drawn by `seed`."""
    blocks = text.blocks()
    return [[blocks[place] for place in part] for part in split(len(blocks), seed, sizes=sizes)]


def _print_all(program: str) -> bytes:
    """What the program prints, on whatever terminal; from / since it looks for its data where it is run."""
    path = shutil.which(program)
    if path is None:
        raise _missing(f"no program {program} on the PATH")
    try:
        done = subprocess.run(
            [path, *PRINT_ALL],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            cwd="/",
            timeout=PRINT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _missing(f"{path}: {error}") from error
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise _missing(f"{path} says: {said[-1] if said else f'nothing, exit status {done.returncode}'}")
    return done.stdout


def _missing(where: str) -> HeldoutError:
    return HeldoutError(
        "the King James text is not on this machine",
        where=where,
        expected="Debian's packages bible-kjv, the program, and bible-kjv-text, its data",
        next_step=GET_ONE,
    )


def _corpus(lines: tuple[str, ...], *, where: str) -> Corpus:
    symbols = "".join(sorted(set().union("\n", *lines)))
    if not any(lines) or len(symbols) > MOST_SYMBOLS:
        raise HeldoutError(
            f"the text has {len(symbols)} different symbols" if any(lines) else "the text is empty",
            where=where,
            expected=f"at most {MOST_SYMBOLS} different symbols, the line break among them"
            if any(lines)
            else "a text",
            next_step="replace the rare symbols of the text" if any(lines) else "name another file",
        )
    return Corpus(lines, symbols)
