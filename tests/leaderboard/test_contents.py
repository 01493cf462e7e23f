"""What is inside archives is read within limits, and sources are compared whatever their names."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

from grader import catalogue
from grader.errors import HeldoutError
from grader.spec import Limits
from leaderboard.integrity.contents import normalised, of_files, read
from leaderboard.integrity.evidence import gather, handed_out
from leaderboard.store import Store
from tests.leaderboard.cases import assignment, judge, send

BODY = "\n".join(f"    x = x * {number} + {number + 1}" for number in range(12))
SOURCE = f"def load(x):\n{BODY}\n    return x\n"


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return buffer.getvalue()


def test_an_archive_s_files_have_the_sums_of_their_bytes() -> None:
    files = {"model.py": SOURCE.encode(), "weights.pt": bytes(range(256)) * 9}
    assert read(packed(files), Limits()) == of_files(files)
    assert list(of_files(files).sources) == ["model.py"]


@pytest.mark.parametrize(
    "archive",
    [
        b"",
        b"PK\x03\x04 no zip",
        packed({"a": bytes(9_000)}),
        packed({str(number): b"" for number in range(30)}),
        packed({"a": b"x" * 100}, zipfile.ZIP_LZMA),
        packed({"a": b"x" * 100})[:60] + packed({"a": b"x" * 100})[64:],
    ],
    ids=["empty", "no zip", "large", "many", "method", "damaged"],
)
def test_what_no_grader_would_unpack_is_refused(archive: bytes) -> None:
    with pytest.raises(HeldoutError, match="can't be looked into"):
        read(archive, Limits(unpacked_bytes=8_000, unpacked_files=20))


def test_names_comments_docstrings_and_layout_make_no_difference() -> None:
    body = BODY.replace("x", "image")
    other = f'"""Mine."""\n\ndef load(image):  # load\n    "Load."\n{body}\n    return (image)\n'
    assert normalised(SOURCE) == normalised(other)


@pytest.mark.parametrize(
    ("old", "new"), [("* 3", "* 33"), ("x * 5", "x - 5"), ("return x", "return load"), ("def", "async def")]
)
def test_what_it_does_makes_a_difference(old: str, new: str) -> None:
    assert normalised(SOURCE) != normalised(SOURCE.replace(old, new)) is not None


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\n",
        "def f(:",
        "a\0b",
        "(" * 5_000 + ")" * 5_000,
        "-" * 100_000 + "1",
        "a" + ".b" * 60_000,
        "1" + "+1" * 60_000,
        "x = " + "9" * 100_000,
        "if 1:\n pass\n" + "elif 1:\n pass\n" * 8_000,
    ],
    ids=["short", "wrong", "nul", "brackets", "minus", "attributes", "sums", "digits", "branches"],
)
def test_what_is_no_python_or_too_deep_is_left_alone(source: str) -> None:
    assert normalised(source) is None


def test_a_deep_source_that_parses_is_walked_without_recursion() -> None:
    assert normalised("a" + " < a" * 20_000) is not None


def test_evidence_comes_from_the_ledger_and_the_archives(store: Store) -> None:
    archive = packed({"model.py": SOURCE.encode()})
    first, second = send(store), send(store, "Bob")
    judge(store)

    def fetch(sha256: str) -> bytes:
        if sha256 == first.sha256:
            return archive
        raise HeldoutError("an archive is missing")

    [ada] = gather(store, assignment(), [first.ref, second.ref, 99], fetch)  # Bob's is not judged yet
    judge(store)
    _, bob = gather(store, assignment(), [first.ref, second.ref], fetch)
    assert (ada.ref, ada.team, ada.sha256) == (first.ref, "Ada", first.sha256)
    assert ada.received_at == first.received_at <= datetime.now(UTC)
    assert ada.items["psnr"].shape == (2,)
    assert ada.public["psnr"].value == 19
    assert list(ada.showing.pictures) == ["examples"]
    assert ada.contents == of_files({"model.py": SOURCE.encode()})
    assert bob.contents is None


def test_the_starter_and_the_statement_are_handed_out() -> None:
    found = handed_out(catalogue.find("cnn"))
    assert {"README.md", "model.py", "train.py"} <= set(found.files)
    assert set(found.sources) == {"model.py", "train.py"}
