import pytest

from grader.errors import Reason
from grader.sandbox import TensorSpec
from grader.sandbox.blame import FIXED, Question, crashed, from_reply
from grader.sandbox.child import Ending
from grader.sandbox.runner.frames import SEPARATOR, STATUSES
from grader.sandbox.wire import Failure

ASKED = Question("denoise", [TensorSpec("float32", (2, 3))])


@pytest.mark.parametrize("status", STATUSES[1:])
def test_held_out_texts_are_fixed(status: str) -> None:
    error = from_reply(Failure(status, "the label is 7"), ASKED, public=False)
    assert error.reason == status
    assert "label" not in str(error)
    assert error.expected == "float32 (2, 3)"
    assert "heldout check" in error.next_step


def test_public_texts_have_four_parts_and_no_escapes() -> None:
    detail = SEPARATOR.join(("what\x1b[2J", "where\u202e", "expected", "next"))
    error = from_reply(Failure("raised", detail), ASKED, public=True)
    assert str(error) == "what\\x1b[2J\nwhere: where\\u202e\nexpected: expected\nnext: next"


@pytest.mark.parametrize("detail", ["", "one", SEPARATOR * 50])
def test_forged_details_are_read_all_the_same(detail: str) -> None:
    assert from_reply(Failure("raised", detail), ASKED, public=True).reason is Reason.RAISED


def test_a_crash_says_how_in_public_only() -> None:
    assert "signal SIGKILL" in crashed(Ending(137, 0.0), ASKED, public=True).what
    assert "exit code 3" in crashed(Ending(3, 0.0), ASKED, public=True).what
    assert "3" not in crashed(Ending(3, 0.0), ASKED, public=False).what


def test_every_status_has_a_fixed_text() -> None:
    assert {str(reason) for reason in FIXED} == set(STATUSES[1:])
