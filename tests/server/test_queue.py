"""The queue's page: what an instructor decides there about grading."""

import httpx

from tests.server.world import SLUG, World


def send(world: World, path: str, **form: str) -> httpx.Response:
    return world.ask(
        "grace", "POST", path, data={"csrf": world.csrf("grace"), **form}, follow_redirects=False
    )


def page(world: World) -> str:
    return world.ask("grace", "GET", "/staff/").text


def test_grading_is_paused_and_goes_on(filled: World) -> None:
    assert send(filled, "/staff/pause", slug=SLUG, reason="the <b>noise</b> is wrong").status_code == 303
    assert [(one.assignment, one.reason) for one in filled.store.operations.pauses()] == [
        (SLUG, "the <b>noise</b> is wrong")
    ]
    shown = page(filled)
    assert f"<strong>{SLUG} is paused</strong>" in shown
    assert "the &lt;b&gt;noise&lt;/b&gt; is wrong" in shown
    assert "Go on grading" not in filled.ask("olive", "GET", "/staff/").text, "an observer decides nothing"
    again = send(filled, "/staff/pause", slug=SLUG)
    assert again.status_code == 409
    assert "is paused already" in again.text
    assert send(filled, "/staff/pause", slug=SLUG, undo="true").status_code == 303
    assert filled.store.operations.pauses() == ()
    event = filled.store.decisions.events()[-1]
    assert (event.actor, event.action, event.subject) == ("grace", "resumed", SLUG)


def test_a_grader_is_sent_home_and_kept(filled: World) -> None:
    filled.store.seen("lab-07:1:a", {"local": 2})
    assert "Send home" in page(filled)
    assert send(filled, "/staff/drain", grader="lab-07:1:a").status_code == 303
    assert "stopping" in page(filled)
    assert not filled.store.seen("lab-07:1:a", {"local": 2})
    assert send(filled, "/staff/drain", grader="lab-07:1:a", undo="true").status_code == 303
    assert filled.store.seen("lab-07:1:a", {"local": 2})


def test_what_is_not_there_can_not_be_paused(filled: World) -> None:
    assert send(filled, "/staff/pause", slug="gan").status_code == 404
    assert send(filled, "/staff/drain", grader="nobody").status_code == 404
