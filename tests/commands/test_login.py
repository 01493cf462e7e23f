"""Who one is: logged in once, kept where nobody else reads it, out again; and whom the other verbs ask."""

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands.options import COURSE
from desk.credentials import Credentials, Login
from grader.course import CONFIG, Config, Settings, init
from grader.errors import Denied, HeldoutError
from leaderboard.records import Student
from leaderboard.store import Store
from tests.commands.laptop import Laptop, laptop
from tests.desk.fake import ONE_TIME, TOKEN, failed

NAMED = "Ada Lovelace (ada), student, team Ada Lovelace"


@pytest.fixture
def ada(tmp_path: Path) -> Iterator[Laptop]:
    with laptop(tmp_path) as found:
        yield found


@pytest.mark.parametrize("way", ["option", "link", "pipe"])
def test_a_one_time_token_is_used_up_once(ada: Laptop, way: str) -> None:
    url = ada.fake.url
    if way == "option":
        done = ada.type("login", url, "--token", ONE_TIME)
    elif way == "link":
        done = ada.type("login", f"{url}/login/?token={ONE_TIME}")
    else:
        done = ada.type("login", url, given=f"{ONE_TIME}\n")
    assert done.stdout.startswith(f"You are logged in to {url} as {NAMED}, until ")
    assert ONE_TIME not in done.output
    assert stat.S_IMODE(ada.file.stat().st_mode) == 0o600
    assert json.loads(ada.file.read_text())["current"] == url
    assert TOKEN in ada.file.read_text()


def test_a_token_that_is_none_lets_nobody_in(ada: Laptop) -> None:
    for given in ("", "\n"):
        with pytest.raises(HeldoutError, match="no token was given"):
            ada.type("login", ada.fake.url, given=given)
    with pytest.raises(Denied, match="nobody has this token\nnext: ask your instructor"):
        ada.type("login", ada.fake.url, "--token", "hi_other")
    assert not ada.file.exists()


def test_a_terminal_is_asked_without_echo(ada: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def prompt(text: str, *, hide_input: bool, err: bool) -> str:
        asked.append(hide_input and err)
        return f" {ONE_TIME} "

    monkeypatch.setattr("commands.login.click.prompt", prompt)
    monkeypatch.setattr("commands.login._is_terminal", lambda: True)
    assert NAMED in ada.type("login", ada.fake.url).stdout
    assert asked == [True]


def test_whoever_is_in_needs_no_token_to_come_back(ada: Laptop) -> None:
    ada.log_in()
    Credentials(ada.file).keep(Login("https://nlp.example.org", "hc_other"))
    assert f"logged in to {ada.fake.url} already, as {NAMED}" in ada.type("login", ada.fake.url).stdout
    assert Credentials(ada.file).stored().current == ada.fake.url
    ada.fake.token = "revoked"  # noqa: S105
    with pytest.raises(HeldoutError, match="no token was given"):
        ada.type("login", ada.fake.url)


def test_plain_http_needs_a_word(ada: Laptop) -> None:
    with pytest.raises(HeldoutError, match="others on the way could read your token"):
        ada.type("login", "http://dl.example.org", "--token", ONE_TIME)


@pytest.mark.parametrize("name", ["HELDOUT_SERVER", "HELDOUT_TOKEN"])
def test_a_variable_that_wins_is_named(ada: Laptop, name: str) -> None:
    ada.variables[name] = ada.fake.url
    done = ada.type("login", ada.fake.url, "--token", ONE_TIME)
    assert done.stderr == f"The variable {name} is set, and wins over this.\n"


def test_who_one_is(ada: Laptop) -> None:
    with pytest.raises(HeldoutError, match="you are logged in to no server\nnext: heldout login URL"):
        ada.type("whoami")
    ada.log_in()
    assert ada.type("whoami").stdout.startswith(f"{NAMED}, at {ada.fake.url} until ")
    [me] = json.loads(ada.type("whoami", "--format", "json").stdout)
    assert list(me) == ["server", "username", "name", "role", "team", "expiresAt"]
    assert (me["username"], me["role"], me["team"]) == ("ada", "student", "Ada Lovelace")
    assert ada.type("whoami", "-v").stdout.splitlines()[0] == "server,username,name,role,team,expiresAt"


def test_a_link_for_the_browser_alone_is_standard_output(ada: Laptop) -> None:
    ada.log_in()
    done = ada.type("link")
    assert done.stdout == f"{ada.fake.url}/login/?token=hi_once\n"
    assert "keep it to yourself" in done.stderr


@pytest.mark.parametrize(
    "trouble", [None, failed(401, "revoked"), failed(500, "broken")], ids=["", "401", "500"]
)
def test_whoever_logs_out_is_out(ada: Laptop, trouble: object) -> None:
    ada.log_in()
    ada.fake.mishaps.append(trouble)  # type: ignore[arg-type]
    done = ada.type("logout")
    assert done.stdout == f"You are logged out of {ada.fake.url}.\n"
    assert ("broken: it was not told" in done.stderr) == (getattr(trouble, "status", 0) == 500)
    assert ada.fake.asked[-1][:2] == ("DELETE", "/token")
    assert TOKEN not in ada.file.read_text()
    with pytest.raises(HeldoutError, match="logged in to no server"):
        ada.type("whoami")


def test_an_old_token_is_replaced_before_it_ends(ada: Laptop) -> None:
    now = datetime.now(UTC)
    Credentials(ada.file).keep(Login(ada.fake.url, TOKEN, now - timedelta(days=60), now + timedelta(days=30)))
    ada.type("whoami")
    ada.type("whoami")
    asked = [(path, token) for _, path, token in ada.fake.asked]
    assert asked == [("/token/rotate", TOKEN), ("/me", "hc_rotated"), ("/me", "hc_rotated")]
    assert "hc_rotated" in ada.file.read_text()


def test_an_old_token_that_is_not_replaced_will_do(ada: Laptop) -> None:
    now = datetime.now(UTC)
    Credentials(ada.file).keep(Login(ada.fake.url, TOKEN, now - timedelta(days=60), now + timedelta(days=30)))
    ada.fake.mishaps.append(failed(500, "broken"))
    assert NAMED in ada.type("whoami").stdout


# ---------------------------------------------------------------- whom the verbs ask


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """With a team that no server knows."""
    made = init(tmp_path / "course", Config(assignments={"denoising": Settings(items=64)}))
    with Store.create(made.database) as store:
        store.import_roster([Student("Bob", "bob@example.org", "bob", "Bob")])
    return made.folder


def asked(ada: Laptop, folder: Path, *words: object) -> str:
    [team] = json.loads(ada.type("team", "list", "--format", "json", *words, folder=folder).stdout)
    return str(team["teamName"])


def test_what_is_nearer_is_asked(ada: Laptop, course: Path) -> None:
    ada.log_in()
    work, started = ada.folder / "work", course / "started"
    assert asked(ada, work) == "Ada Lovelace"
    assert asked(ada, course) == "Bob"
    assert asked(ada, work, "--course", course) == "Bob"
    started.mkdir()
    (started / ".heldout").write_text(f"denoising\n{ada.fake.url}\n")
    assert asked(ada, started) == "Ada Lovelace"
    (work / ".heldout").write_text(f"denoising\n{course}\n")
    assert asked(ada, work) == "Bob"
    ada.variables = {"HELDOUT_SERVER": ada.fake.url}
    assert asked(ada, course) == "Ada Lovelace"
    assert asked(ada, work, "--course", course) == "Bob"
    ada.variables = {"HELDOUT_SERVER": ada.fake.url, "HELDOUT_COURSE": str(course)}
    assert asked(ada, work) == "Bob"


def test_a_token_in_the_environment_needs_no_log_in(ada: Laptop) -> None:
    ada.variables = {"HELDOUT_SERVER": ada.fake.url, "HELDOUT_TOKEN": TOKEN}
    assert asked(ada, ada.folder / "work") == "Ada Lovelace"
    assert not ada.file.exists()


def test_a_folder_from_elsewhere_gets_no_token(ada: Laptop) -> None:
    """A marker may be anybody's: what it names is sent nothing but what was stored for it."""
    ada.variables = {"HELDOUT_SERVER": "", "HELDOUT_TOKEN": TOKEN}
    (ada.folder / "work" / ".heldout").write_text(f"denoising\n{ada.fake.url}\n")
    with pytest.raises(Denied, match=f"you are not logged in to {ada.fake.url}"):
        ada.type("team", "list")
    assert ada.fake.asked == []


def test_nobody_to_ask_names_both_ways(ada: Laptop) -> None:
    with pytest.raises(
        HeldoutError, match=r"lies in no course folder(.|\n)*`heldout login URL`; .*course init"
    ):
        ada.type("team", "list")


@pytest.mark.parametrize(
    "verb", [["grade"], ["roster", "list"], ["baselines"], ["export-site", "x"], ["rules"]]
)
def test_what_needs_the_folder_says_so(ada: Laptop, verb: list[str]) -> None:
    words = ["course", *verb] if verb == ["rules"] else verb
    with pytest.raises(HeldoutError, match="lies in no course folder\n"):
        ada.type(*words)
    ada.log_in()
    with pytest.raises(HeldoutError, match=f"known is only the server {ada.fake.url}\n") as told:
        ada.type(*words)
    assert told.value.next_step == "run this on the machine that has the course folder"


def test_a_course_is_known_by_one_name() -> None:
    assert COURSE == CONFIG
