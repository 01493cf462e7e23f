"""The grader against wrong answers: every folder of tests/cases is graded for real and says its verdict."""

import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from grader.archive import pack
from grader.grade import grade
from grader.prepared import Data
from grader.report import Report, Verdict
from grader.sandbox import Sandbox
from grader.spec import MB, Assignment

CASES = sorted((Path(__file__).parents[1] / "cases" / "denoising").iterdir())
HONEST = 9.4  # dB: the noisy image itself, clipped
MODEL = """
class Model:
    def denoise(self, noisy):
        return noisy

def load(folder, device):
    return Model()
"""


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(case: Path, denoising: Assignment, denoising_data: Data, sandbox: Sandbox) -> None:
    expected = tomllib.loads((case / "expected.toml").read_text())
    limits = replace(denoising.limits, **expected.get("limits", {}))
    archive = pack(case, limit=limits.archive_bytes)
    report = grade(
        replace(denoising, limits=limits), archive.data, denoising_data, sandbox=sandbox, run_seed=7
    )
    assert report.verdict == expected["verdict"], report
    if report.failure is None:
        assert report.public["psnr"].value == pytest.approx(HONEST, abs=1.0)
        return
    assert report.failure.reason == expected["reason"], report.failure
    for words in expected.get("says", ()):
        assert words in report.failure.message
    assert not report.items
    assert not report.public


def test_nothing_a_student_chose_comes_out_of_heldout_runs(
    denoising: Assignment, denoising_data: Data, sandbox: Sandbox, cases: Path
) -> None:
    for name in ("raises_on_heldout", "wrong_shape_on_heldout"):
        archive = pack(cases / "denoising" / name, limit=MB)
        report = grade(denoising, archive.data, denoising_data, sandbox=sandbox, run_seed=7)
        assert report.failure is not None
        told = report.failure.message + report.log
        assert "pixel" not in told
        assert "13" not in told
        assert "Traceback" not in told


# ---------------------------------------------------------------- archives no honest client makes


def zipped(fill: Callable[[zipfile.ZipFile], None]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("model.py", MODEL)
        fill(bundle)
    return buffer.getvalue()


def slip(bundle: zipfile.ZipFile) -> None:
    bundle.writestr("../../outside.py", "")


def absolute(bundle: zipfile.ZipFile) -> None:
    bundle.writestr("/etc/outside.py", "")


def link(bundle: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("weights.bin")
    info.external_attr = 0o120777 << 16
    bundle.writestr(info, "/etc/passwd")


def bomb(bundle: zipfile.ZipFile) -> None:
    bundle.writestr("zeros.bin", bytes(400 * MB))


def crowd(bundle: zipfile.ZipFile) -> None:
    for number in range(3_000):
        bundle.writestr(f"{number}.txt", "")


def no_model() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("solution/model.py", MODEL)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("archive", "reason", "says"),
    [
        (b"not a zip", "bad_archive", "zip"),
        (zipped(lambda bundle: None)[:-30], "bad_archive", "zip"),
        (zipped(slip), "bad_archive", "outside.py"),
        (zipped(absolute), "bad_archive", "outside.py"),
        (zipped(link), "bad_archive", "weights.bin"),
        (zipped(bomb), "bad_archive", "MiB"),
        (zipped(crowd), "bad_archive", "3001 members"),
        (no_model(), "no_model", "model.py"),
    ],
    ids=["not a zip", "cut short", "zip slip", "absolute", "link", "bomb", "crowd", "no model.py"],
)
def test_bad_archives(
    archive: bytes, reason: str, says: str, denoising: Assignment, denoising_data: Data, sandbox: Sandbox
) -> None:
    report = grade(denoising, archive, denoising_data, sandbox=sandbox, run_seed=7)
    assert report.verdict is Verdict.FAILED
    assert report.failure is not None
    assert report.failure.reason == reason
    assert says in report.failure.message


def test_our_own_faults_are_never_the_students(
    denoising: Assignment, denoising_data: Data, sandbox: Sandbox
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug of ours")

    assignment = replace(denoising, evaluate=broken)  # type: ignore[arg-type]
    report: Report = grade(
        assignment, zipped(lambda bundle: None), denoising_data, sandbox=sandbox, run_seed=7
    )
    assert report.verdict is Verdict.GRADER_ERROR
    assert report.failure is None
    assert "a bug of ours" in report.log
