"""Text that is missing, damaged or no text: an error that names the file and what to do. And the real one."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from grader import corpus as module
from grader.catalogue import find
from grader.corpus import BLOCK_CHARACTERS, corpus, kjv, own_text, split_blocks
from grader.errors import HeldoutError
from grader.prepared import draw

# ---------------------------------------------------------------- the King James Bible


def program(folder: Path, script: str) -> str:
    """A stand-in for Debian's `bible`."""
    path = folder / "bible"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_the_text_is_all_of_it() -> None:
    text = kjv()
    assert len(text.lines) == 31_102
    assert text.lines[0] == "In the beginning God created the heaven and the earth."
    assert len(text.symbols) == 63
    assert text.symbols[0] == "\n"


def test_a_missing_program_names_the_packages_and_the_alternative() -> None:
    with pytest.raises(HeldoutError) as caught:
        kjv("no-such-program")
    said = str(caught.value)
    assert "no program no-such-program on the PATH" in said
    assert "bible-kjv-text" in caught.value.expected
    assert "apt install bible-kjv bible-kjv-text" in caught.value.next_step
    assert 'data = "FILE"' in caught.value.next_step


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo 'bible: cannot open data file' >&2; exit 1", "cannot open data file"),
        ("exit 3", "nothing, exit status 3"),
        ("exit 0", "nothing, exit status 0"),
    ],
)
def test_a_program_without_its_data_says_what_it_said(tmp_path: Path, script: str, says: str) -> None:
    with pytest.raises(HeldoutError) as caught:
        kjv(program(tmp_path, script))
    assert caught.value.what == "the King James text is not on this machine"
    assert says in caught.value.where
    assert str(tmp_path) in caught.value.where
    assert "apt install" in caught.value.next_step


def test_a_file_that_is_no_program_is_as_good_as_missing(tmp_path: Path) -> None:
    path = tmp_path / "bible"
    path.write_bytes(b"\x7fELF, but not really")
    path.chmod(0o755)
    with pytest.raises(HeldoutError, match="not on this machine"):
        kjv(str(path))


def test_a_program_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PRINT_SECONDS", 0.2)
    with pytest.raises(HeldoutError, match="timed out"):
        kjv(program(tmp_path, "exec sleep 60"))


def test_a_text_that_differs_in_one_letter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(
        subprocess.run(["bible", *module.PRINT_ALL], capture_output=True, check=True, cwd="/").stdout.replace(
            b"In the beginning", b"In the Beginning", 1
        )
    )
    with pytest.raises(HeldoutError) as caught:
        kjv(program(tmp_path, f"cat {tmp_path}/text"))
    assert "damaged or of another edition" in caught.value.what
    assert module.KJV_SHA256 in caught.value.expected
    assert "--reinstall" in caught.value.next_step


# ---------------------------------------------------------------- a course's own text


def test_a_text_of_ones_own_is_read_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "poems.txt"
    file.write_text("Füllest wieder\nBusch und Tal\n", encoding="utf-8")
    for source in (file, tmp_path):
        if source.is_dir():
            file.rename(tmp_path / "text.txt")
        text = corpus(source)
        assert text.lines == ("Füllest wieder", "Busch und Tal")
        assert "ü" in text.symbols
    assert "".join(text.symbols[code] for code in text.blocks()[0]) == "Füllest wieder\nBusch und Tal\n"


def test_a_folder_without_text_means_the_bible(tmp_path: Path) -> None:
    assert corpus(tmp_path) == corpus(None) == kjv()


@pytest.mark.parametrize(
    ("content", "what", "next_step"),
    [
        (b"", "the text is empty", "another file"),
        (b"\n\n\n", "the text is empty", "another file"),
        ("Grüße".encode("latin-1"), "not UTF-8", "iconv"),
        ("".join(map(chr, range(0x4E00, 0x4F00))).encode(), "257 different symbols", "rare symbols"),
    ],
    ids=["empty", "blank", "latin-1", "257 symbols"],
)
def test_what_is_no_usable_text_is_refused(tmp_path: Path, content: bytes, what: str, next_step: str) -> None:
    file = tmp_path / "text.txt"
    file.write_bytes(content)
    with pytest.raises(HeldoutError) as caught:
        own_text(file)
    assert what in caught.value.what
    assert str(file) in caught.value.where
    assert next_step in caught.value.next_step


def test_256_symbols_are_allowed(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("".join(map(chr, range(0x4E00, 0x4EFF))), encoding="utf-8")  # and the line break
    text = own_text(file)
    assert len(text.symbols) == 256
    assert sorted(text.blocks()[0].tolist()) == list(range(256))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HeldoutError) as caught:
        own_text(tmp_path / "gone.txt")
    assert str(tmp_path / "gone.txt") in caught.value.where
    assert "text file of your own" in caught.value.next_step


# ---------------------------------------------------------------- blocks, and an assignment on one's own text


def test_blocks_are_split_whole_and_none_is_in_two_parts() -> None:
    text = module.Corpus(tuple(f"{number:05d}" for number in range(2_850)), "\n0123456789")
    blocks = text.blocks()
    assert [len(block) for block in blocks] == [1_704] * 10 + [60]
    assert 1_704 - 6 < BLOCK_CHARACTERS <= 1_704
    parts = split_blocks(text, 7, sizes=(3, 2, 6))
    assert [len(part) for part in parts] == [3, 2, 6]
    drawn = sorted(block.tobytes() for part in parts for block in part)
    assert drawn == sorted(block.tobytes() for block in blocks)
    other = split_blocks(text, 8, sizes=(3, 2, 6))
    assert [b.tobytes() for b in other[0]] != [b.tobytes() for b in parts[0]]


def test_a_course_can_name_any_text(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["".join(rng.choice(list("abc défg"), 40)) for _ in range(300 * BLOCK_CHARACTERS // 41)]
    (tmp_path / "text.txt").write_text("\n".join(lines), encoding="utf-8")
    prepared = draw(find("rnn"), 1, size=256, source=tmp_path / "text.txt")
    assert len(prepared.public["symbols"]) == 9
    assert prepared.heldout["streams"].shape == (32, 1650)


def test_a_text_too_short_to_be_split_says_how_long_it_must_be(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("a line\n" * 2_000, encoding="utf-8")
    with pytest.raises(HeldoutError, match="too short: 9 blocks of 1,700") as caught:
        draw(find("rnn"), 1, size=256, source=tmp_path)
    assert "at least 240" in caught.value.expected
