"""The report as a page and in the terminal: safe whoever's name and code are on it, and never a verdict."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from grader.errors import HeldoutError
from leaderboard.integrity.contents import of_files
from leaderboard.integrity.examine import examine
from leaderboard.integrity.findings import Findings
from leaderboard.integrity.render import LOOKS, print_findings
from leaderboard.records import Showing, TeamKind
from leaderboard.web.difference import SHOWN, Side, unified
from leaderboard.web.integrity import write_report
from leaderboard.web.pages import export_site
from tests.leaderboard.cases import PNG, PSNR, assignment
from tests.leaderboard.markup import Page, dead_links, snapshot
from tests.leaderboard.test_integrity import OWN, RENAMED, STARTER, entry, with_items
from tests.leaderboard.test_render import HOSTILE

VERDICTS = re.compile(
    r"cheat|fraud|plagiar|guilt|dishonest|suspect|accus|culprit|stole|offen[cd]", re.IGNORECASE
)
HANDED_OUT = of_files({"model.py": STARTER.encode()})


@pytest.fixture
def findings() -> Findings:
    """Pairs of hostile teams with hostile sources, and a reference's outputs in a student's entry."""
    psnr = np.random.default_rng(0).normal(19, 2, (9, 300)).astype(np.float32)
    evil = OWN + "\n# </pre><script>alert(2)</script> \u202e\x1b[31m\n"
    shown = Showing({"<b>examples": PNG, "no PNG": b"<svg onload=x>"}, {"text": "<i>\n\u202eend"})
    board = [
        replace(
            with_items(ref, psnr=psnr[ref]),
            team=team,
            contents=of_files({"model.py": source.encode()}),
            showing=shown,
        )
        for ref, (team, source) in enumerate(
            [(name, evil if number % 2 else OWN) for number, name in enumerate(HOSTILE)] + [("Ada", RENAMED)]
        )
    ]
    board.append(replace(with_items(70, psnr=psnr[0]), kind=TeamKind.REFERENCE, team="unet (reference)"))
    board.append(entry(80, team="Short", files={"model.py": STARTER}))
    return examine(board, assignment(PSNR), handed_out=HANDED_OUT)


def write(findings: Findings, target: Path) -> Path:
    return write_report(findings, assignment(PSNR), target, course="<Deep>", handed_out=HANDED_OUT)


def test_names_and_sources_are_harmless_on_the_page(findings: Findings, tmp_path: Path) -> None:
    path = write(findings, tmp_path / "report")
    page = Page(path)
    html = path.read_text(encoding="utf-8")
    assert not page.active
    assert not {"script", "style", "iframe", "b", "object"} & set(page.tags)
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x1b\x9b]", html)
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in html
    assert not [link for link in dead_links(path) if not link.startswith("#")]
    assert page.images
    assert all(image["alt"] and image["width"] == "16" for image in page.images)


def test_both_sides_are_shown_with_their_evidence(findings: Findings, tmp_path: Path) -> None:
    html = write(findings, tmp_path / "report").read_text(encoding="utf-8")
    assert html.count('class="side"') == 2 * len(findings.pairs)
    assert "its outputs are those of a public solution, unet (reference)" in html
    assert "300 of 300 items have the same scores" in html
    assert "byte for byte; 18 lines were not handed out" in html
    assert "equal but for names, comments and layout" in html
    assert re.search(
        r'aria-label="r of this pair: 1\.000\. All pairs: [\d,]+ pairs, r -0\.\d\d to 1\.00, median', html
    )


@pytest.mark.parametrize("style", ["table", "csv", "json"])
def test_nothing_says_what_happened(
    findings: Findings, style: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html = write(findings, tmp_path / "report").read_text(encoding="utf-8")
    print_findings(findings, "Denoise", style)
    for text in (html, capsys.readouterr().out):
        assert not VERDICTS.search(text), VERDICTS.search(text)
    assert "Look at this; it is not a verdict" in html
    assert "innocent reasons" in html


def test_an_empty_report_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = examine([], assignment(PSNR))
    assert "Nothing was found" in write(nothing, tmp_path / "report").read_text(encoding="utf-8")
    for style, said in (("table", "nothing that is seldom so"), ("json", "[]"), ("csv", ",".join(LOOKS))):
        print_findings(nothing, "Denoise", style)
        assert said in capsys.readouterr().out


def test_the_report_is_for_its_owner_and_never_overwrites_another_folder(
    findings: Findings, tmp_path: Path
) -> None:
    report = write(findings, tmp_path / "report").parent
    assert report.stat().st_mode & 0o077 == 0
    before = snapshot(report)
    write(findings, report)
    assert snapshot(report) == before
    write(examine([], assignment(PSNR)), report)
    assert not list((report / "pictures").glob("*.png"))
    site = export_site("Course", [], tmp_path / "site").parent
    for taken in (site, Path(__file__).parent):
        with pytest.raises(HeldoutError, match="not of such a report"):
            write(findings, taken)
    with pytest.raises(HeldoutError):
        export_site("Course", [], report)


def test_the_terminal_obeys_nobody(findings: Findings) -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    print_findings(findings, "Denoise", console=console)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert not re.search(r"[\x1b\x9b\u202e]", said)
    assert max(map(len, said.splitlines())) <= 100
    assert "unet (reference)" in said
    assert "none is a verdict" in said


def test_csv_and_json_have_every_pair(findings: Findings, capsys: pytest.CaptureFixture[str]) -> None:
    print_findings(findings, "Denoise", "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    print_findings(findings, "Denoise", "json")
    listed = json.loads(capsys.readouterr().out)
    assert len(rows) == len(listed) == len(findings.pairs)
    assert list(listed[0]) == list(LOOKS)
    assert not [row for row in rows if row["team"].startswith(("=", "+", "@"))]
    assert {row["kappa"] for row in rows} == {""}


def test_long_and_handed_out_stretches_are_folded() -> None:
    known = frozenset(f"line {number}" for number in range(50))
    text = "\n".join([*sorted(known), "mine = 1"])
    lines = unified(text, text, known)
    assert [line.side for line in lines].count(Side.LEFT_OUT) == 1
    assert lines[-1].text == "mine = 1"
    assert len(lines) == 6
    assert len(unified("a\n" * 900, "b\n" * 900)) == SHOWN + 1
