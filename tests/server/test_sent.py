"""Numbers and times that no database and no calendar has, and who did what: as the API's clients send it."""

from typing import Any

import pytest

from desk.wire import PREFIX
from tests.server.world import SLUG, Mark, World, hand_in

AT = f"{PREFIX}/assignments/{SLUG}/board?at="
BEYOND = 1 << 70


@pytest.mark.parametrize(
    ("who", "method", "path", "sent"),
    [
        *[
            ("ada", "GET", AT + at, {})
            for at in (
                "2026-01-01T00:00",  # of no zone
                "0001-01-01T00:00:00Z",
                "0001-01-01T00:00:00%2B05:00",
                "9999-12-31T23:59:59-05:00",
            )
        ],
        (
            "grace",
            "PUT",
            f"{PREFIX}/assignments/{SLUG}/extensions/ada",
            {"json": {"until": "2026-11-21T18:00"}},
        ),
        ("ada", "PUT", f"{PREFIX}/selection", {"json": {"refs": [BEYOND]}}),
        ("ada", "GET", f"{PREFIX}/submissions/{BEYOND}", {}),
        ("ada", "GET", f"/submissions/{BEYOND}/", {}),
        ("ada", "POST", f"/assignments/{SLUG}/mine/select", {"data": {"refs": str(BEYOND)}}),
    ],
)
def test_what_cannot_be_is_refused_as_theirs(
    filled: World, who: str, method: str, path: str, sent: dict[str, Any]
) -> None:
    if "data" in sent:
        sent = {"data": {**sent["data"], "csrf": filled.csrf(who)}}
    assert filled.ask(who, method, path, **sent).status_code == 422


def test_the_audit_log_names_who_decided_by_the_command_line(world: World) -> None:
    ref = hand_in(world.store, world.course, "ada", Mark())
    assert world.api("ada", "POST", f"/submissions/{ref}/withdraw", json={}).is_success
    assert world.store.decisions.events()[-1].actor == "ada"
