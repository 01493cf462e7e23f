"""What goes wrong between here and a server: what passes is tried again, the rest says what to do."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest

from desk.connection import PATIENT, Patience
from desk.credentials import Login
from desk.remote import RemoteDesk, log_in
from grader.errors import Denied, Forbidden, HeldoutError, NotFound, Refused, TooLarge, Unavailable
from grader.outline import RunKind
from tests.desk.fake import ADA, ONE_TIME, TOKEN, Answer, Cut, Fake, Lost, Mishap, failed, handler


@pytest.mark.parametrize(
    "mishap",
    [
        Cut(),
        Lost(),
        Answer(502),
        Answer(503),
        Answer(504),
        failed(503, "the database is busy"),
        failed(429, "x"),
    ],
    ids=repr,
)
def test_what_passes_is_tried_again(fake: Fake, desk: RemoteDesk, slept: list[float], mishap: Mishap) -> None:
    fake.mishaps.extend([mishap] * 3)
    assert desk.me().person == ADA
    assert len(slept) == 3
    assert all(0.1 <= seconds <= PATIENT.longest for seconds in slept)


def test_a_server_says_how_long_to_wait(
    fake: Fake, desk: RemoteDesk, slept: list[float], said: list[str]
) -> None:
    fake.mishaps.append(failed(429, "too many requests", headers={"Retry-After": "21"}))
    assert desk.me().person == ADA
    assert slept == [21.0]
    assert said == ["too many requests: trying again in 21 s"]


def test_a_server_that_asks_for_an_hour_is_not_waited_for(
    fake: Fake, desk: RemoteDesk, slept: list[float]
) -> None:
    fake.mishaps.append(failed(429, "too many requests", headers={"Retry-After": "3600"}))
    with pytest.raises(Unavailable, match="too many"):
        desk.me()
    assert slept == []


def test_what_does_not_pass_is_told_in_the_end(fake: Fake, desk: RemoteDesk, slept: list[float]) -> None:
    fake.mishaps.extend([failed(503, "the database is busy", next_step="wait")] * 9)
    with pytest.raises(Unavailable) as told:
        desk.me()
    assert str(told.value) == "the database is busy\nnext: wait"
    assert len(slept) == PATIENT.tries - 1


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (failed(400, "whose?", expected="a team"), HeldoutError, "expected: a team"),
        (failed(401, "this token expired"), Denied, "next: log in again: `heldout login URL`"),
        (failed(401, "revoked", next_step="ask Ina"), Denied, "next: ask Ina"),
        (failed(403, "for instructors"), Forbidden, "for instructors"),
        (failed(404, "no such thing"), NotFound, "no such thing"),
        (failed(409, "the deadline has passed"), Refused, "deadline"),
        (failed(413, "too large"), TooLarge, "too large"),
        (failed(422, "a \x1b[31mred\x1b[0m\nline"), HeldoutError, "a �\\[31mred�\\[0m\nline"),
        (failed(500, "the server broke"), HeldoutError, "the server broke"),
        (failed(507, "the disk is full"), Unavailable, "full"),
        (Answer(404), NotFound, "is no Heldout server, or one of another version"),
        (
            Answer(404, b'{"detail": "Not Found"}', {"Content-Type": "application/json"}),
            NotFound,
            "is no Heldout",
        ),
        (Answer(413), HeldoutError, "something between here and the server takes no request of this size"),
        (Answer(200), HeldoutError, "is no Heldout server, .*\nwhere: /api/v1/me: 200 OK, text/html"),
        (
            Answer(200, b'{"person": {"user": 3}}', {"Content-Type": "application/json"}),
            HeldoutError,
            "of different versions\nwhere: /api/v1/me: person.username: Field required",
        ),
        (
            Answer(302, b"", {"Location": "https://evil.example.org/api/v1/me"}),
            HeldoutError,
            "sends us elsewhere: https://evil.example.org\n(.|\n)*next: .*heldout login https://evil.example.org$",
        ),
        (
            Answer(308, b"", {"Location": "/dl/api/v1/me"}),
            HeldoutError,
            "elsewhere: http://127.0.0.1:[0-9]+/dl\n",
        ),
    ],
)
def test_what_does_not_pass_says_what_to_do(
    fake: Fake, desk: RemoteDesk, slept: list[float], answer: Answer, kind: type[HeldoutError], says: str
) -> None:
    fake.mishaps.append(answer)
    with pytest.raises(kind, match=says) as told:
        desk.me()
    assert type(told.value) is kind
    assert slept == []
    assert len(fake.asked) == 1
    assert TOKEN not in str(told.value)


def test_a_proxy_without_its_server_is_named(fake: Fake, desk: RemoteDesk) -> None:
    fake.mishaps.extend([Answer(502)] * 9)
    with pytest.raises(Unavailable, match="is not there just now\nwhere: something before it answers: 502"):
        desk.me()


def test_what_a_newer_server_tells_beyond_is_passed_over(fake: Fake, desk: RemoteDesk) -> None:
    outline = b"""{"slug": "x", "title": "X", "metrics": [], "tiers": [], "colour": "red",
        "rules": {"daily": 3, "on_sundays": false}}"""
    fake.mishaps.append(Answer(200, outline, {"Content-Type": "application/json"}))
    assert desk.outline("x").rules.daily == 3


def test_an_answer_that_does_not_come_is_not_waited_for(slept: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        login = Login(f"http://127.0.0.1:{silent.getsockname()[1]}", TOKEN)
        patience = Patience(tries=2, timeout=0.1, sleep=slept.append)
        with (
            RemoteDesk(login, patience=patience) as desk,
            pytest.raises(Unavailable, match="gave no answer within"),
        ):
            desk.me()
    assert len(slept) == 1


def test_nobody_is_there(slept: list[float], said: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    patience = Patience(first=4, sleep=slept.append)
    with (
        RemoteDesk(Login(url, TOKEN), said=said.append, patience=patience) as desk,
        pytest.raises(Unavailable, match=r"can't be reached\nwhere: .*refused"),
    ):
        desk.me()
    assert len(slept) == patience.tries - 1
    assert all(line.startswith(f"{url} can't be reached: trying again in ") for line in said)


def test_a_name_that_nobody_has(slept: list[float]) -> None:
    with (
        RemoteDesk(Login("https://nowhere.invalid", TOKEN), patience=Patience(tries=1)) as desk,
        pytest.raises(Unavailable, match=r"https://nowhere\.invalid can't be reached"),
    ):
        desk.me()


# ---------------------------------------------------------------- the token


@pytest.mark.parametrize("lost", [Lost(), Cut(), Answer(502), Answer(504)], ids=repr)
def test_a_one_time_token_is_sent_once(fake: Fake, lost: Mishap) -> None:
    fake.mishaps.append(lost)
    with pytest.raises(Unavailable):
        log_in(fake.url, ONE_TIME, patience=Patience(sleep=lambda seconds: None))
    assert len(fake.asked) == 1


@pytest.mark.parametrize("passing", [failed(429, "x"), failed(503, "busy")], ids=["429", "503"])
def test_it_is_sent_again_where_nothing_was_done(fake: Fake, passing: Mishap) -> None:
    fake.mishaps.append(passing)
    found, login = log_in(fake.url, ONE_TIME, patience=Patience(sleep=lambda seconds: None))
    assert (found.person, login.token) == (ADA, TOKEN)
    assert [token for _, _, token in fake.asked] == ["", ""]
    assert TOKEN not in repr(found) + repr(login)


@pytest.mark.parametrize(
    "url", ["http://dl.example.org", "http://10.1.2.3:8000", "http://127.0.0.1.example.org"]
)
def test_no_token_goes_over_plain_http(url: str) -> None:
    with pytest.raises(HeldoutError, match="others on the way could read your token") as told:
        RemoteDesk(Login(url, TOKEN))
    assert f"expected: {url.replace('http:', 'https:')}" in str(told.value)
    RemoteDesk(Login(url, TOKEN, insecure=True)).close()


def test_no_proxy_reads_along(fake: Fake, desk: RemoteDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with RemoteDesk(Login(fake.url, TOKEN), patience=Patience(tries=1)) as asked:
        assert asked.me().person == ADA


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9", "HTTPS_PROXY and ALL_PROXY"),
        ("HTTPS_PROXY", "gopher://127.0.0.1:9", "HTTPS_PROXY and ALL_PROXY"),
        ("SSL_CERT_FILE", "/nowhere.pem", "SSL_CERT_FILE"),
        ("SSL_CERT_FILE", __file__, "SSL_CERT_FILE"),
    ],
)
def test_an_environment_that_can_not_be_followed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(HeldoutError, match="that your environment names can't be used") as told:
        RemoteDesk(Login("https://dl.example.org", TOKEN))
    assert says in told.value.next_step


@pytest.mark.parametrize("token", ["two words", "a\nHost: evil", "ünïcode", "tab\t"])
def test_what_is_no_token_is_not_sent(token: str) -> None:
    with pytest.raises(HeldoutError, match="that is no token") as told:
        RemoteDesk(Login("https://dl.example.org", token))
    assert token not in str(told.value)


# ---------------------------------------------------------------- TLS


class Quiet(HTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what is tested."""


@contextmanager
def over_tls(folder: Path) -> Iterator[tuple[str, Path]]:
    """A server with a certificate that only its own file vouches for."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    made += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Quiet(("127.0.0.1", 0), handler(Fake())) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"https://localhost:{server.server_port}", certificate
        finally:
            server.shutdown()
            thread.join()


def test_tls_is_checked_and_failures_are_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    patience = replace(PATIENT, sleep=slept.append)
    with over_tls(tmp_path) as (url, certificate):
        with (
            RemoteDesk(Login(url, TOKEN), patience=patience) as desk,
            pytest.raises(HeldoutError, match=r"certificate of .* can't be trusted") as told,
        ):
            desk.me()
        assert "SSL_CERT_FILE" in told.value.next_step
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with RemoteDesk(Login(url, TOKEN), patience=patience) as desk:
            assert desk.me().person == ADA
    assert slept == []


def test_https_where_there_is_none(fake: Fake, slept: list[float]) -> None:
    login = Login(fake.url.replace("http:", "https:"), TOKEN)
    with (
        RemoteDesk(login, patience=replace(PATIENT, sleep=slept.append)) as desk,
        pytest.raises(HeldoutError, match="speaks no TLS that we understand"),
    ):
        desk.me()
    assert slept == []


# ---------------------------------------------------------------- clocks


@pytest.mark.parametrize(
    ("minutes", "says"), [(0, None), (1, None), (7, "7 minutes behind"), (-90, "90 minutes ahead")]
)
def test_a_wrong_clock_is_told_where_deadlines_matter(
    fake: Fake, desk: RemoteDesk, said: list[str], minutes: int, says: str | None
) -> None:
    fake.clock = lambda: datetime.now(UTC) + timedelta(minutes=minutes)
    desk.me()
    assert said == []
    desk.limits("denoising", RunKind.EVALUATE)
    assert said == ([f"This machine's clock is {says}; deadlines go by the server's."] if says else [])
