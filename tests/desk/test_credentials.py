"""Log-ins at rest: who may read them, which one counts, where a token is sent."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desk.credentials import Credentials, Login, Stored, address, choose, invitation
from grader.errors import Denied, HeldoutError
from leaderboard.membership import Grant

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DL, NLP = "https://dl.example.org", "https://nlp.example.org/course"
ONE = Login(DL, "hc_one", NOW, NOW + timedelta(days=90))
TWO = Login(NLP, "hc_two", NOW, NOW + timedelta(days=90), insecure=True)
BOTH = Stored(DL, {DL: ONE, NLP: TWO})


@pytest.fixture
def file(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path / "config" / "heldout" / "credentials.json")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_several_servers_are_kept_and_one_is_current(file: Credentials) -> None:
    assert file.stored() == Stored()
    file.keep(TWO)
    file.keep(ONE)
    assert file.stored() == BOTH
    file.keep(TWO)
    assert file.stored().current == NLP
    file.forget(NLP)
    assert file.stored() == Stored(None, {DL: ONE})


def test_nobody_else_reads_it(file: Credentials) -> None:
    before = os.umask(0)
    try:
        file.keep(ONE)
    finally:
        os.umask(before)
    assert mode(file.path) == 0o600
    assert mode(file.path.parent) == 0o700
    assert [path.name for path in file.path.parent.iterdir()] == ["credentials.json"]
    file.path.chmod(0o640)
    with pytest.raises(HeldoutError, match="others on this machine may read your log-ins") as told:
        file.stored()
    assert f"chmod 600 {file.path}" in told.value.next_step


@pytest.mark.parametrize("text", ["", "{", '{"servers": {"x": {"url": 3}}}', "[]"])
def test_a_damaged_file_says_so(file: Credentials, text: str) -> None:
    file.keep(ONE)
    file.path.write_text(text)
    with pytest.raises(HeldoutError, match="the file of log-ins is damaged"):
        file.stored()


def test_what_is_written_is_whole_or_not_at_all(file: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    file.keep(ONE)
    monkeypatch.setattr("desk.credentials.os.replace", lambda *paths: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        file.keep(TWO)
    assert file.stored() == Stored(DL, {DL: ONE})
    assert len(list(file.path.parent.iterdir())) == 1


def test_a_fresh_token_is_kept_before_it_is_used(file: Credentials) -> None:
    file.keep(ONE)
    file.keep(TWO)
    fresh = file.renew(ONE, Grant("hc_fresh", NOW + timedelta(days=135)))
    assert file.stored() == Stored(NLP, {NLP: TWO, DL: fresh})
    assert (fresh.token, fresh.url, fresh.expires_at) == ("hc_fresh", DL, NOW + timedelta(days=135))


@pytest.mark.parametrize(("days", "stale"), [(0, False), (44, False), (46, True), (100, True)])
def test_half_of_its_life_is_long_enough(days: int, stale: bool) -> None:
    assert ONE.is_stale(NOW + timedelta(days=days)) is stale
    assert not Login(DL, "from the environment").is_stale(NOW + timedelta(days=days))


@pytest.mark.parametrize(
    ("environment", "url", "found"),
    [
        ({}, None, ONE),
        ({}, NLP, TWO),
        ({"HELDOUT_SERVER": NLP}, None, TWO),
        ({"HELDOUT_SERVER": "NLP.example.org/course/"}, None, TWO),
        ({"HELDOUT_TOKEN": "hc_env"}, None, Login(DL, "hc_env")),
        ({"HELDOUT_TOKEN": "hc_env"}, DL, Login(DL, "hc_env")),
        ({"HELDOUT_TOKEN": "hc_env"}, NLP, TWO),  # a folder's marker names it: it is not sent there
        ({"HELDOUT_TOKEN": "hc_env", "HELDOUT_SERVER": NLP}, None, Login(NLP, "hc_env", insecure=True)),
        ({"HELDOUT_TOKEN": "hc_env", "HELDOUT_SERVER": "x.org"}, None, Login("https://x.org", "hc_env")),
    ],
)
def test_the_environment_wins(environment: dict[str, str], url: str | None, found: Login) -> None:
    assert choose(BOTH, environment, url) == found


@pytest.mark.parametrize(
    ("environment", "url"),
    [({"HELDOUT_SERVER": "x.org"}, None), ({}, "https://x.org"), ({"HELDOUT_TOKEN": "hc"}, "https://x.org")],
)
def test_a_server_without_a_log_in_is_named(environment: dict[str, str], url: str | None) -> None:
    with pytest.raises(Denied, match=r"not logged in to https://x\.org\nnext: heldout login https://x\.org"):
        choose(BOTH, environment, url)


def test_nobody_has_named_a_server() -> None:
    assert choose(Stored(), {}) is None
    assert choose(Stored(), {"HELDOUT_TOKEN": "hc_env"}) is None


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (" https://DL.example.org/ ", "https://dl.example.org"),
        ("dl.example.org:8443", "https://dl.example.org:8443"),
        ("https://dl.example.org:443/x/", "https://dl.example.org/x"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("http://dl.example.org:80", "http://dl.example.org"),
    ],
)
def test_a_server_has_one_address(text: str, url: str) -> None:
    assert address(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "ftp://x.org",
        "https://ada:secret@x.org",
        "https://x.org:port",
        "file:///etc",
        "a b://",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(HeldoutError, match="that is no server's address"):
        address(text)


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("https://x.org/login/?token=hi_1", ("https://x.org", "hi_1")),
        ("https://x.org/dl/login?token=hi_1&x=2", ("https://x.org/dl", "hi_1")),
        ("https://x.org/dl", ("https://x.org/dl", None)),
        ("x.org", ("https://x.org", None)),
    ],
)
def test_an_invitations_link_is_an_address_and_a_token(link: str, found: tuple[str, str | None]) -> None:
    assert invitation(link) == found
