"""Who is let in, as what and until when: from outside, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from grader.errors import Denied, HeldoutError, NotFound, Refused
from leaderboard.database import Database
from leaderboard.membership import Kind, Member, Person, Role
from leaderboard.store import Store
from leaderboard.tables import TokenRow
from tests.leaderboard.cases import ADA, BOB, assignment
from tests.leaderboard.conftest import START, Clock

WHO = Person("ada", "Ada Lovelace", Role.STUDENT, "Ada Lovelace")
PROF = Person("Prof", "Grace Hopper", Role.INSTRUCTOR)


@pytest.fixture
def course(store: Store) -> Store:
    store.import_roster([ADA, BOB])
    store.access.add_staff("Grace Hopper", "grace@example.org", "Prof", Role.INSTRUCTOR)
    return store


def logged_in(store: Store, username: str = "ada", kind: Kind = "client") -> str:
    return store.access.log_in(store.access.invite(username).token, kind=kind)[1].token


def denied(store: Store, secret: str, kind: Kind = "client") -> str:
    with pytest.raises(Denied) as raised:
        store.access.who(secret, kind=kind)
    assert "heldout token reset" in raised.value.next_step
    return raised.value.what


# ---------------------------------------------------------------- coming in


@pytest.mark.parametrize(
    ("username", "person"), [("ada", WHO), ("ＡＤＡ ", WHO), ("prof", PROF), ("PROF", PROF)]
)
@pytest.mark.parametrize(
    ("kind", "prefix", "days"), [("client", "hc_", 90), ("session", "hs_", 14)], ids=["client", "session"]
)
def test_an_invitation_lets_its_person_in(
    course: Store, clock: Clock, username: str, person: Person, kind: Kind, prefix: str, days: int
) -> None:
    invitation = course.access.invite(username, hours=2)
    assert (invitation.token[:3], invitation.expires_at) == ("hi_", clock.now + timedelta(hours=2))
    found, grant = course.access.log_in(invitation.token, kind=kind)
    assert (found, grant.token[:3], grant.expires_at) == (person, prefix, clock.now + timedelta(days=days))
    assert course.access.who(grant.token, kind=kind) == person


def test_an_invitation_is_good_once(course: Store) -> None:
    secret = course.access.invite("ada").token
    course.access.log_in(secret, kind="client")
    with pytest.raises(Denied, match="used already"):
        course.access.log_in(secret, kind="session")


def test_of_two_at_the_same_moment_one_comes_in(url: str) -> None:
    with Store.open(url) as store:
        store.import_roster([ADA])
        secrets = [store.access.invite("ada").token for _ in range(5)][-1:]
        secrets += [store.access.link(WHO).token for _ in range(4)]
        for secret in secrets:
            gate = threading.Barrier(6)
            assert _rush(store, secret, gate).count(True) == 1


def _rush(store: Store, secret: str, gate: threading.Barrier) -> list[bool]:
    def come(number: int) -> bool:
        gate.wait()
        try:
            store.access.log_in(secret, kind="client")
        except Denied:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        return list(threads.map(come, range(6)))


def test_a_new_invitation_ends_those_that_were_not_used(course: Store) -> None:
    first, inside = course.access.invite("ada"), logged_in(course, "bob")
    second = course.access.invite("ada")
    with pytest.raises(Denied, match="revoked"):
        course.access.log_in(first.token, kind="client")
    assert course.access.log_in(second.token, kind="client")[0] == WHO
    course.access.invite("bob")
    assert course.access.who(inside, kind="client").username == "bob"


def test_a_link_for_another_device_ends_nothing(course: Store, clock: Clock) -> None:
    invitation, link = course.access.invite("ada"), course.access.link(WHO)
    assert link.expires_at == clock.now + timedelta(minutes=10)
    for secret in (invitation.token, link.token):
        assert course.access.log_in(secret, kind="session")[0] == WHO


def test_everybody_can_be_invited_at_once(course: Store) -> None:
    invited = course.access.invite_all(hours=1)
    assert [one.username for one, _ in invited] == ["Prof", "ada", "bob"]
    for one, grant in invited:
        assert course.access.log_in(grant.token, kind="client")[0].username == one.username


def test_of_several_all_or_none_are_invited(course: Store) -> None:
    with pytest.raises(NotFound, match="'eve'"):
        course.access.invite_all(["ada", "eve"])
    assert all(one.invited_until is None for one in course.access.people())
    with pytest.raises(HeldoutError, match="hours"):
        course.access.invite("ada", hours=-1)


# ---------------------------------------------------------------- what lets nobody in


@pytest.mark.parametrize(
    ("kind", "hours"), [("client", 90 * 24), ("session", 14 * 24)], ids=["client", "session"]
)
def test_secrets_expire(course: Store, clock: Clock, kind: Kind, hours: int) -> None:
    secret = logged_in(course, kind=kind)
    clock.go(hours=hours - 1)
    assert course.access.who(secret, kind=kind) == WHO
    clock.go(hours=1)
    assert "expired" in denied(course, secret, kind)


def test_invitations_expire(course: Store, clock: Clock) -> None:
    secret = course.access.invite("ada").token
    clock.go(hours=72)
    with pytest.raises(Denied, match="expired on 19 Nov 2026 at 09:00 UTC"):
        course.access.log_in(secret, kind="client")


@pytest.mark.parametrize(
    "secret", ["", "hc_", "hc_" + "A" * 43, "\x00", "\ud800", "é" * 10_000, "' OR 1=1 --"]
)
def test_what_nobody_was_given(course: Store, secret: str) -> None:
    logged_in(course)
    assert "nobody has this token" in denied(course, secret)
    with pytest.raises(Denied, match="nobody has this token"):
        course.access.log_in(secret, kind="client")
    with pytest.raises(Denied):
        course.access.rotate(secret)
    course.access.log_out(secret)


def test_each_secret_is_for_one_purpose(course: Store) -> None:
    client, browser = logged_in(course), logged_in(course, kind="session")
    invitation = course.access.invite("ada").token
    wrong: list[tuple[str, Kind]] = [(client, "session"), (browser, "client"), (invitation, "client")]
    for secret, kind in wrong:
        assert "nobody has" in denied(course, secret, kind)
    for secret in (client, browser):
        with pytest.raises(Denied):
            course.access.log_in(secret, kind="client")
    with pytest.raises(Denied):
        course.access.rotate(browser)


def test_revoking_ends_all_of_one_person(course: Store) -> None:
    kinds: tuple[Kind, ...] = ("client", "session")
    theirs, other = [logged_in(course, kind=kind) for kind in kinds], logged_in(course, "bob")
    invitation = course.access.invite("ada").token
    assert course.access.revoke("ADA") == 3
    assert course.access.revoke("ada") == 0
    for secret, kind in zip(theirs, kinds, strict=True):
        assert "revoked" in denied(course, secret, kind)
    with pytest.raises(Denied, match="revoked"):
        course.access.log_in(invitation, kind="client")
    assert course.access.who(other, kind="client").username == "bob"
    with pytest.raises(NotFound):
        course.access.revoke("eve")


def test_logging_out_ends_one(course: Store) -> None:
    here, there = logged_in(course), logged_in(course)
    course.access.log_out(here)
    course.access.log_out(here)
    assert "revoked" in denied(course, here)
    assert course.access.who(there, kind="client") == WHO


# ---------------------------------------------------------------- rotation


def test_the_old_secret_lives_on_for_ten_minutes(course: Store, clock: Clock) -> None:
    old = logged_in(course)
    clock.go(days=80)
    grant = course.access.rotate(old)
    assert grant.expires_at == clock.now + timedelta(days=90)
    assert course.access.who(grant.token, kind="client") == WHO
    clock.go(minutes=9)
    assert course.access.who(old, kind="client") == WHO
    clock.go(minutes=1)
    assert "expired" in denied(course, old)
    assert course.access.who(grant.token, kind="client") == WHO


def test_an_answer_that_never_arrived_locks_nobody_out(course: Store, clock: Clock) -> None:
    old = logged_in(course)
    course.access.rotate(old)  # and the client crashes
    clock.go(days=3)
    fresh = course.access.rotate(old).token
    assert course.access.who(fresh, kind="client") == WHO
    clock.go(minutes=10)
    assert "expired" in denied(course, old)


def test_rotating_prolongs_no_old_one(course: Store, clock: Clock) -> None:
    old = logged_in(course)
    clock.go(days=89, hours=23, minutes=55)
    fresh = course.access.rotate(old).token
    course.access.who(fresh, kind="client")
    clock.go(minutes=5)
    assert "expired" in denied(course, old)


def test_logging_out_ends_those_before_as_well(course: Store) -> None:
    first = logged_in(course)
    second = course.access.rotate(first).token
    third = course.access.rotate(second).token
    course.access.log_out(third)
    for secret in (first, second, third):
        assert "revoked" in denied(course, secret)


# ---------------------------------------------------------------- people


def test_a_student_of_a_merged_team_is_of_the_other(course: Store) -> None:
    secret = logged_in(course)
    course.decisions.merge("Bob", "Ada Lovelace", [assignment()])
    assert course.access.who(secret, kind="client") == replace(WHO, team="Bob")
    course.decisions.part("Ada Lovelace", [assignment()])
    assert course.access.who(secret, kind="client") == WHO


def test_who_is_removed_is_out_at_once(course: Store) -> None:
    secret, invitation = logged_in(course, "prof"), course.access.invite("prof").token
    course.access.remove_staff("prof")
    assert "revoked" in denied(course, secret)
    with pytest.raises(Denied):
        course.access.log_in(invitation, kind="client")
    with pytest.raises(NotFound):
        course.access.invite("prof")
    assert {one.username for one in course.access.people()} == {"ada", "bob"}
    course.access.add_staff("Grace Hopper", "grace@example.org", "prof", Role.OBSERVER)
    assert "revoked" in denied(course, secret)
    assert course.access.who(logged_in(course, "prof"), kind="client").role is Role.OBSERVER


def test_another_role_counts_at_once(course: Store) -> None:
    secret = logged_in(course, "prof")
    course.access.add_staff("Grace", "grace@example.org", "prof", Role.OBSERVER)
    assert course.access.who(secret, kind="client") == Person("Prof", "Grace", Role.OBSERVER)


def test_students_and_staff_share_no_username(course: Store) -> None:
    with pytest.raises(Refused, match="a student's username already"):
        course.access.add_staff("Ada", "a@example.org", "ADA", Role.OBSERVER)
    change = course.import_roster(
        [replace(ADA, email="prof@example.org", username="prof", team="P", name="P")]
    )
    assert change.replaced == {"prof": "prof2"}
    with pytest.raises(Refused, match="is a student"):
        course.access.remove_staff("ada")


@pytest.mark.parametrize(
    ("name", "email", "username", "role"),
    [
        ("", "a@example.org", "x", Role.OBSERVER),
        ("X", "nonsense", "x", Role.OBSERVER),
        ("X", "a@example.org", " ", Role.OBSERVER),
        ("X", "a@example.org", "x\x1b", Role.OBSERVER),
        ("X", "a@example.org", "x", Role.STUDENT),
    ],
)
def test_staff_that_is_none(store: Store, name: str, email: str, username: str, role: Role) -> None:
    with pytest.raises(HeldoutError):
        store.access.add_staff(name, email, username, role)
    assert store.access.people() == []


def test_the_roster_tells_who_was_seen_and_who_is_invited(course: Store, clock: Clock) -> None:
    secret = logged_in(course)
    clock.go(hours=1)
    course.access.who(secret, kind="client")
    until = course.access.invite("prof", hours=2).expires_at
    assert course.access.people() == [
        Member("Prof", "Grace Hopper", Role.INSTRUCTOR, None, "grace@example.org", None, until),
        Member("ada", "Ada Lovelace", Role.STUDENT, "Ada Lovelace", "ada@example.org", clock.now, None),
        Member("bob", "Bob", Role.STUDENT, "Bob", "bob@example.org", None, None),
    ]


def test_not_every_request_writes(course: Store, clock: Clock) -> None:
    secret = logged_in(course)
    seen = []
    for _ in range(5):
        course.access.who(secret, kind="client")
        seen.append(course.access.people()[1].last_seen_at)
        clock.go(seconds=30)
    assert seen == [START, START, *[START + timedelta(minutes=1)] * 2, START + timedelta(minutes=2)]


def test_what_was_decided_is_in_the_audit_log(course: Store) -> None:
    with course.acting("Prof"):
        course.access.invite("ada")
        course.access.revoke("ada")
        course.access.remove_staff("prof")
    course.access.invite("bob")
    told = [(event.actor, event.action, event.subject) for event in course.decisions.events()][-5:]
    assert told == [
        ("course", "staff added", "Prof"),
        ("Prof", "invited", "ada"),
        ("Prof", "tokens revoked", "ada"),
        ("Prof", "staff removed", "Prof"),
        ("course", "invited", "bob"),
    ]


def test_each_thread_acts_for_one(course: Store) -> None:
    gate = threading.Barrier(4)

    def invite(actor: str) -> None:
        with course.acting(actor):
            gate.wait()
            course.access.invite("ada")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(invite, "wxyz"))
    assert {event.actor for event in course.decisions.events() if event.action == "invited"} == set("wxyz")


# ---------------------------------------------------------------- secrets


def test_no_secret_is_in_the_database(url: str, folder: Path) -> None:
    with Store.open(url) as store:
        store.import_roster([ADA])
        invitation = store.access.invite("ada").token
        client = store.access.log_in(invitation, kind="client")[1].token
        secrets = [invitation, client, store.access.rotate(client).token, store.access.link(WHO).token]
        store.access.who(client, kind="client")
    kept = _everything(url, folder)
    assert b"ada@example.org" in kept
    for secret in secrets:
        assert secret[3:].encode() not in kept
        assert len(secret) >= 43 + 3


def _everything(url: str, folder: Path) -> bytes:
    """All bytes of the SQLite files; all cells of PostgreSQL's tables."""
    if url.startswith("sqlite"):
        return b"".join(path.read_bytes() for path in folder.iterdir())
    database = Database(url)
    with database.reading() as session:
        names = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        cells = [session.execute(text(f"SELECT t::text FROM {name} t")).all() for name in names]
    database.close()
    return repr(cells).encode()


def test_no_log_shows_a_secret(course: Store) -> None:
    grant = course.access.invite("ada")
    assert grant.token[4:] not in f"{grant} {grant!r} {course.decisions.events()}"


def test_a_stolen_database_has_no_token_to_come_in_with(course: Store, url: str) -> None:
    logged_in(course)
    database = Database(url)
    with database.reading() as session:
        digests = session.scalars(select(TokenRow.digest)).all()
    database.close()
    for digest in digests:
        for kind in ("client", "session"):
            denied(course, digest, kind)


def test_who_comes_is_told_even_while_nobody_may_write(sqlite_url: str, clock: Clock) -> None:
    other = Database(sqlite_url)
    with Store.open(sqlite_url, clock=clock, busy_seconds=0.1) as store:
        store.import_roster([ADA])
        secret = logged_in(store)
        with other.connection():
            assert store.access.who(secret, kind="client") == WHO
        assert store.access.people()[0].last_seen_at is None
    other.close()
