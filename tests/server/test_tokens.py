"""What proves who one is: good once or for a while, ended at once, told to nobody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from leaderboard.membership import Role
from leaderboard.tokens import GRACE, LIVES
from server.pages.frames import COOKIE
from tests.server.world import World


def let_in(world: World, token: str, *, browser: bool = False) -> int:
    if browser:
        return world.client.post("/login/", data={"token": token}).status_code
    return world.api("nobody", "POST", "/login", json={"token": token}).status_code


def known(world: World, token: str) -> int:
    return world.client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.parametrize("browser", [False, True])
def test_an_invitation_is_good_once_however_many_use_it_at_the_same_moment(
    world: World, browser: bool
) -> None:
    token = world.store.access.invite("bob").token
    with ThreadPoolExecutor(10) as pool:
        statuses = list(
            pool.map(lambda number: let_in(world, token, browser=browser and number % 2 == 0), range(20))
        )
    assert sorted(statuses)[0] in (200, 303)
    assert sorted(statuses)[1:] == [401] * 19


def test_an_invitation_that_expired_lets_nobody_in(world: World) -> None:
    token = world.store.access.invite("bob", hours=1).token
    world.clock.go(hours=1)
    answer = world.api("nobody", "POST", "/login", json={"token": token})
    assert answer.status_code == 401
    assert "expired on 16 Nov 2026 at 10:00 UTC" in answer.json()["error"]["what"]
    assert "heldout token reset" in answer.json()["error"]["next_step"]


def test_a_later_invitation_ends_the_one_before(world: World) -> None:
    first, second = (world.store.access.invite("bob").token for _ in range(2))
    assert (let_in(world, first), let_in(world, second)) == (401, 200)


@pytest.mark.parametrize(("kind", "life"), LIVES.items())
def test_what_lets_in_ends_in_time(world: World, kind: str, life: timedelta) -> None:
    def inside() -> bool:
        path = "/api/v1/me" if kind == "client" else "/account/"
        return world.ask("bob", "GET", path).status_code == 200

    world.clock.now += life - timedelta(seconds=1)
    assert inside()
    world.clock.go(seconds=1)
    assert not inside()
    if kind == "client":
        assert "expired" in world.api("bob", "GET", "/me").text


def test_revoking_ends_all_at_once(world: World) -> None:
    invited = world.store.access.invite("bob").token
    assert world.api("bob", "GET", "/me").status_code == 200
    world.store.access.revoke("bob")
    answer = world.api("bob", "GET", "/me")
    assert (answer.status_code, "revoked" in answer.text) == (401, True)
    assert world.ask("bob", "GET", "/account/").status_code == 303
    assert world.ask("bob", "POST", "/account/link").status_code == 401
    assert let_in(world, invited) == 401
    assert world.api("ada", "GET", "/me").status_code == 200


def test_whoever_leaves_the_staff_is_out_at_once(world: World) -> None:
    assert world.ask("olive", "GET", "/staff/").status_code == 200
    world.store.access.remove_staff("olive")
    assert world.ask("olive", "GET", "/staff/").status_code == 303
    assert world.api("olive", "GET", "/events").status_code == 401


def test_whoever_becomes_an_observer_decides_nothing_any_more(world: World) -> None:
    world.store.access.add_staff("Grace", "grace@mail.example", "grace", Role.OBSERVER)
    reveal = "/assignments/denoising/reveal"
    assert world.api("grace", "PUT", reveal, json={"revealed": True}).status_code == 403
    assert world.ask("grace", "POST", "/staff/denoising/reveal").status_code == 403
    assert world.api("grace", "GET", "/events").status_code == 200


def test_a_fresh_token_ends_the_old_one_once_it_is_used(world: World) -> None:
    old = world.secrets["bob"].client
    fresh = world.api("bob", "POST", "/token/rotate").json()["token"]
    world.clock.now += 2 * GRACE
    assert known(world, old) == 200, "its answer may have been lost"
    assert known(world, fresh) == 200
    world.clock.now += GRACE - timedelta(seconds=1)
    assert known(world, old) == 200
    world.clock.go(seconds=2)
    assert (known(world, old), known(world, fresh)) == (401, 200)


def test_a_token_that_is_changed_twice_at_once_locks_nobody_out(world: World) -> None:
    with ThreadPoolExecutor(4) as pool:
        fresh = list(pool.map(lambda _: world.api("bob", "POST", "/token/rotate").json()["token"], range(4)))
    assert [known(world, token) for token in fresh] == [200] * 4
    assert len(set(fresh)) == 4


def test_logging_out_ends_this_token_and_what_it_replaced(world: World) -> None:
    old = world.secrets["bob"].client
    fresh = world.api("bob", "POST", "/token/rotate").json()["token"]
    gone = world.client.delete("/api/v1/token", headers={"Authorization": f"Bearer {fresh}"})
    assert gone.status_code == 204
    assert (known(world, fresh), known(world, old)) == (401, 401)
    assert world.ask("bob", "GET", "/account/").status_code == 200, "the browser's is another"


def test_what_is_stored_lets_nobody_in(world: World) -> None:
    """Whoever reads the ledger, or a backup of it, has nothing to log in with."""
    stored = b"".join(path.read_bytes() for path in world.course.folder.glob("ledger.db*"))
    for secrets in world.secrets.values():
        for secret in (secrets.client, secrets.session):
            assert not secret or secret.encode() not in stored
            assert not secret or secret[3:].encode() not in stored


def test_several_cookies_of_the_name_are_none_of_anothers(world: World) -> None:
    """Another site on the same host may set one; it logs nobody in as somebody else without their secret."""
    theirs, own = "hs_of-the-neighbours", world.secrets["bob"].session
    for cookie in (f"{COOKIE}={own}; {COOKIE}={theirs}", f"{COOKIE}={theirs}; {COOKIE}={own}"):
        assert world.client.get("/account/", headers={"Cookie": cookie}).status_code in (200, 303)
    assert world.client.get("/account/", headers={"Cookie": f"{COOKIE}={theirs}"}).status_code == 303
