"""Class lists as they come: Excel's, Moodle's, broken ones; each mistake named with its line."""

from pathlib import Path

import pytest

from grader.errors import HeldoutError
from leaderboard.roster import read_roster

GOOD = "name,email\nAda Lovelace,ada@example.org\nGrace Hopper,grace@example.org\n"


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "roster.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("name,email", " Name , E-Mail "),
        GOOD + "\n,\n",
    ],
    ids=["plain", "byte-order mark", "semicolons", "tabs", "Windows", "header's case", "empty lines"],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, content: str) -> None:
    students = read_roster(written(tmp_path, content))
    assert [(one.name, one.email, one.username, one.team) for one in students] == [
        ("Ada Lovelace", "ada@example.org", "ada", "Ada Lovelace"),
        ("Grace Hopper", "grace@example.org", "grace", "Grace Hopper"),
    ]


@pytest.mark.parametrize(
    ("content", "says", "where"),
    [
        ("name,mail\nAda,ada@example.org\n", "column email is missing", "line 1"),
        (GOOD + "Ada L.,ADA@example.org\n", "is there twice", "line 4, and line 2"),
        (GOOD + "ada  lovelace,other@example.org\n", "two students are called", "lines 2 and 4"),
        (GOOD + ",nobody@example.org\n", "the name is empty", "line 4"),
        (GOOD + "Nobody,\n", "the e-mail is empty", "line 4"),
        (GOOD + "Nobody,at home\n", "not an e-mail address", "line 4"),
        (GOOD + "x" * 101 + ",x@example.org\n", "has 101 characters", "line 4"),
        (GOOD + "A\x1b[31mda,x@example.org\n", "control characters", "line 4"),
        (GOOD + "a,b,c\n", "has 3 cells", "line 4"),
        (GOOD.encode() + b"Jos\xe9,jose@example.org\n", "not UTF-8", "line 4"),
        ("name,email\n", "lists no students", ""),
        ("", "is empty", ""),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else None,
)
def test_mistakes_are_named_with_their_line(
    tmp_path: Path, content: str | bytes, says: str, where: str
) -> None:
    with pytest.raises(HeldoutError) as caught:
        read_roster(written(tmp_path, content))
    assert says in caught.value.what
    assert where in caught.value.where


def test_a_team_column_tells_two_of_one_name_apart(tmp_path: Path) -> None:
    content = "name,email,team\nAda,ada@example.org,Engines\nAda,ada@example.com,Looms\n"
    first, second = read_roster(written(tmp_path, content))
    assert (first.team, second.team) == ("Engines", "Looms")
    assert first.username != second.username
