"""Who is let in: addresses, certificates, versions, what is asked for and offered by nobody."""

import os
import ssl
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from cluster import certificates, versions
from cluster.addresses import parse
from cluster.knock import knock
from cluster.settings import security
from grader.errors import HeldoutError, Unavailable
from tests.cluster.conftest import Make
from tests.cluster.fleet import HOME, PATIENCE, Fleet, environment, free_port


@pytest.mark.parametrize(
    "address",
    ["tcp://10.0.0.1:8786", "tcp://node7:8786", "tcp://0.0.0.0:8786", "tcp://[::]:8786", "tcp://127.0.0.1.example.org:1"],
)  # fmt: skip
def test_a_plain_address_off_the_loopback_is_refused(address: str) -> None:
    with pytest.raises(HeldoutError, match="neither encrypted nor on this machine"):
        parse(address)


@pytest.mark.parametrize(
    "address", ["", "8786", "localhost:8786", "inproc://a:1", "ws://127.0.0.1:1", "tls://a:99999"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(HeldoutError, match="no address of a scheduler"):
        parse(address)


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:1", "tcp://[::1]:1", "tcp://localhost:1", "tls://node7.lab:8786"]
)
def test_the_loopback_and_tls_are_taken(address: str) -> None:
    assert str(parse(address)) == address


@pytest.mark.parametrize("words", [["worker"], ["scheduler"], ["grade", "--scheduler"]], ids=" ".join)
def test_every_verb_refuses_it(words: list[str], made: Path, tmp_path: Path) -> None:
    course = ["--course", str(made)] if words[0] == "grade" else []
    said = typed(tmp_path, *words, "tcp://10.0.0.1:8786", *course)
    assert "neither encrypted nor on this machine" in said
    assert "next: " in said


def typed(folder: Path, *words: str) -> str:
    """What a verb that fails says."""
    command = [sys.executable, "-m", "cli", *words]
    ran = subprocess.run(
        command, env=environment(folder), capture_output=True, text=True, cwd=HOME, timeout=PATIENCE
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    return ran.stderr


# ---------------------------------------------------------------- certificates


def test_certificates_are_for_a_year_both_ways_and_nobody_elses_to_read(papers: Path) -> None:
    names = {path.name for path in papers.iterdir()}
    assert names == {f"{role}.{kind}" for role in ("ca", *certificates.ROLES) for kind in ("pem", "key")}
    assert {path.stat().st_mode & 0o777 for path in papers.iterdir()} == {0o600}
    assert papers.stat().st_mode & 0o777 == 0o700
    worker = x509.load_pem_x509_certificate((papers / "worker.pem").read_bytes())
    assert timedelta(days=364) < worker.not_valid_after_utc - datetime.now(UTC) <= timedelta(days=365)
    names_of = worker.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "10.77.0.1" in map(str, names_of.get_values_for_type(x509.IPAddress))
    usage = worker.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert len(list(usage)) == 2
    for role in certificates.ROLES:
        assert certificates.check(papers, role) == ""


def test_certificates_in_use_are_not_written_over(papers: Path) -> None:
    with pytest.raises(HeldoutError, match="not empty"):
        certificates.make(papers)


def test_one_that_expires_soon_is_said(papers: Path) -> None:
    later = datetime.now(UTC) + timedelta(days=350)
    assert "expires in" in certificates.check(papers, "worker", later)


def spoilt(folder: Path, how: str) -> Path:
    papers = folder / "papers"
    when = datetime.now(UTC) - timedelta(days=400 if how == "expired" else 0)
    certificates.make(papers, now=when)
    if how == "of another authority":
        certificates.make(folder / "others")
        (folder / "others" / "ca.pem").replace(papers / "ca.pem")
    elif how == "open to other users":
        papers.chmod(0o750)
    elif how == "can be read by other users":
        (papers / "worker.key").chmod(0o640)
    elif how == "certificate is missing":
        (papers / "worker.pem").unlink()
    elif how == "key can't be read":
        (papers / "worker.key").write_text("nonsense")
    elif how == "not its certificate's":
        (papers / "grader.key").replace(papers / "worker.key")
    elif how == "not valid yet":
        certificates.make(folder / "later", now=datetime.now(UTC) + timedelta(days=2))
        return folder / "later"
    return papers


@pytest.mark.parametrize(
    "how",
    [
        "expired", "of another authority", "open to other users", "can be read by other users",
        "certificate is missing", "key can't be read", "not its certificate's", "not valid yet",
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_certificate_is_said_before_anything_starts(how: str, tmp_path: Path) -> None:
    papers = spoilt(tmp_path, how)
    with pytest.raises(HeldoutError, match=how) as caught:
        certificates.check(papers, "worker")
    assert str(tmp_path) in caught.value.where
    assert caught.value.expected
    assert caught.value.next_step


def test_the_verbs_say_it_too(tmp_path: Path) -> None:
    papers = spoilt(tmp_path, "can be read by other users")
    said = typed(tmp_path, "worker", "tls://127.0.0.1:1", "--certificates", str(papers))
    assert "key can be read by other users" in said
    assert "needs certificates" in typed(tmp_path, "scheduler", "tls://127.0.0.1:1")


@pytest.fixture(scope="module")
def guarded(make_fleet: Make) -> Fleet:
    found = make_fleet(tls=True)
    found.scheduler()
    return found


def test_strangers_are_told_so(guarded: Fleet, tmp_path: Path) -> None:
    """Certificates that are sound, of another authority."""
    certificates.make(tmp_path / "strangers")
    at = parse(guarded.address)
    with pytest.raises(HeldoutError, match="don't trust each other"):
        knock(at, security(at, tmp_path / "strangers", "worker"))


def test_the_scheduler_refuses_who_trusts_it_and_is_not_trusted(guarded: Fleet, tmp_path: Path) -> None:
    """No certificate; one that is of another authority; one that has expired."""
    assert guarded.certificates is not None
    at, authority = parse(guarded.address), guarded.certificates / "ca.pem"
    certificates.make(tmp_path / "strangers")
    certificates.make(tmp_path / "old", now=datetime.now(UTC) - timedelta(days=400))
    for folder in (None, tmp_path / "strangers", tmp_path / "old"):
        context = ssl.create_default_context(cafile=str(authority))
        context.check_hostname = False
        if folder is not None:
            context.load_cert_chain(folder / "worker.pem", folder / "worker.key")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            shake(context, at.host, at.port)


def shake(context: ssl.SSLContext, host: str, port: int) -> None:
    import socket

    with socket.create_connection((host, port), 10) as plain, context.wrap_socket(plain) as encrypted:
        if not encrypted.recv(1):
            raise ConnectionError("hung up")


def test_a_plain_peer_gets_nothing_of_an_encrypted_scheduler(guarded: Fleet) -> None:
    import socket

    at = parse(guarded.address)
    with socket.create_connection((at.host, at.port), 10) as plain:
        plain.sendall(b"\0" * 64)
        with suppress(ConnectionResetError):  # which is nothing, too
            assert b"Scheduler" not in plain.recv(4096)


def test_nobody_there_is_said_in_words(made: Path, tmp_path: Path) -> None:
    port = free_port()
    said = typed(tmp_path, "grade", "--scheduler", f"tcp://127.0.0.1:{port}", "--course", str(made))
    assert f"the scheduler at tcp://127.0.0.1:{port} doesn't answer" in said
    with pytest.raises(Unavailable):
        knock(parse(f"tcp://127.0.0.1:{port}"), security(parse("tcp://127.0.0.1:1"), None, "grader"))


# ---------------------------------------------------------------- what is offered, and by whom


def test_what_nobody_offers_is_refused_at_once(fleet: Fleet, tmp_path: Path) -> None:
    course = ["--course", str(fleet.course.folder)]
    words = ["grade", "--scheduler", fleet.address, *course]
    assert "no worker is there" in typed(tmp_path, *words)
    fleet.worker(sandbox="none")
    assert "a GPU is needed, and no worker offers one" in typed(tmp_path, *words, "--device", "cuda")
    if not Path("/dev/nvidiactl").exists():
        said = typed(tmp_path, "grade", *course, "--device", "cuda")
        assert "no NVIDIA GPU on this machine" in said


def test_other_versions_are_told_in_words() -> None:
    theirs = versions.own() | {"torch": "1.13", "python": "3.9"}
    words = versions.differing(theirs)
    assert "torch 1.13 there" in words
    assert "python 3.9 there" in words
    assert versions.differing(versions.own()) == ""
    assert "heldout unknown there" in versions.differing({})


def test_a_worker_of_another_version_is_refused(fleet: Fleet, tmp_path: Path) -> None:
    """It says that it has another torch: by a module of this test's, which its Python imports first."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.metadata as m\n"
        "real = m.version\n"
        "m.version = lambda name: '1.13.1' if name == 'torch' else real(name)\n"
    )
    before = os.environ.get("PYTHONPATH")
    fleet.worker(sandbox="none", wrap=["env", f"PYTHONPATH={tmp_path}:{HOME}"])
    assert os.environ.get("PYTHONPATH") == before
    said = typed(tmp_path, "grade", "--scheduler", fleet.address, "--course", str(fleet.course.folder))
    assert "can't be used: it has other versions" in said
    assert "torch 1.13 there" in said


def test_a_cluster_has_no_unconfined_workers(papers: Path, tmp_path: Path) -> None:
    words = ["worker", "tls://127.0.0.1:1", "--certificates", str(papers), "--sandbox", "none"]
    assert "not without a sandbox" in typed(tmp_path, *words)
