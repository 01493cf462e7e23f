"""Archives on their way: cut anywhere, refused, forgotten; what is received is what was sent, once."""

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import wire
from desk.credentials import Login
from desk.remote import RemoteDesk
from desk.upload import STANDSTILLS
from grader.archive import Archive
from grader.errors import HeldoutError, NotFound, Refused, Unavailable
from grader.outline import RunKind
from leaderboard.records import Receipt
from tests.desk.conftest import at_once
from tests.desk.fake import NOW, TOKEN, Answer, Cut, Fake, Lost, Mishap, failed, serving

PIECE = 100  # bytes that are sent at a time here
DATA = bytes(range(256)) * 2
BEGIN, REST = [None], STANDSTILLS * 3
NUMBER = hashlib.sha256(hashlib.sha256(DATA).hexdigest().encode()).hexdigest()[:32]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CHUNK", PIECE)


def submit(desk: RemoteDesk, data: bytes = DATA, sent: list[tuple[int, int]] | None = None) -> Receipt:
    seen = [] if sent is None else sent
    return desk.submit(
        Archive(data, "x.zip"),
        "denoising",
        RunKind.TRAIN,
        description="one",
        sent=lambda done, total: seen.append((done, total)),
    )


def test_it_is_announced_then_sent_in_pieces(fake: Fake, desk: RemoteDesk) -> None:
    sent: list[tuple[int, int]] = []
    receipt = submit(desk, sent=sent)
    assert (receipt.ref, receipt.sha256) == (7, hashlib.sha256(DATA).hexdigest())
    assert fake.received == [DATA]
    assert fake.bodies == [
        {
            "slug": "denoising",
            "run_kind": "train",
            "size": 512,
            "sha256": receipt.sha256,
            "file_name": "x.zip",
            "description": "one",
            "team": None,
        }
    ]
    assert list(dict.fromkeys(sent)) == [(done, 512) for done in (0, 100, 200, 300, 400, 500, 512)]
    assert [method for method, *_ in fake.asked] == ["POST", *["PATCH"] * 6]


@pytest.fixture(scope="module")
def lasting() -> Iterator[Fake]:
    with serving() as found:
        yield found


MISHAPS = st.one_of(
    st.none(),
    st.builds(Cut, st.integers(0, PIECE)),
    st.just(Lost()),
    st.sampled_from([failed(503, "busy"), failed(429, "often"), Answer(502), Answer(504)]),
)


@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 5 * PIECE), mishaps=st.lists(MISHAPS, max_size=12))
def test_whatever_breaks_all_of_it_arrives_once(lasting: Fake, size: int, mishaps: list[Mishap]) -> None:
    data = DATA[:size]
    lasting.mishaps.clear()
    lasting.mishaps.extend(mishaps)
    lasting.uploads.clear()
    lasting.received.clear()
    with RemoteDesk(Login(lasting.url, TOKEN), patience=at_once([])) as desk:
        for _ in range(4):  # who gives up after many tries submits again, and it goes on
            try:
                receipt = submit(desk, data)
                break
            except Unavailable:
                continue
    assert receipt.sha256 == hashlib.sha256(data).hexdigest()
    assert lasting.received == [data]


@pytest.mark.parametrize(("after", "more"), [(0, 1), (1, 2), (99, 1), (100, 1)])
def test_a_cut_piece_goes_on_where_it_broke(fake: Fake, desk: RemoteDesk, after: int, more: int) -> None:
    fake.mishaps.extend([None, None, Cut(after)])
    submit(desk)
    assert fake.received == [DATA]
    assert [method for method, *_ in fake.asked].count("PATCH") == 6 + more


def test_a_submission_that_is_begun_anew_goes_on(fake: Fake, desk: RemoteDesk) -> None:
    fake.mishaps.extend([None, None, None, *[Answer(502)] * 20])
    with pytest.raises(Unavailable):
        submit(desk)
    fake.mishaps.clear()
    fake.asked.clear()
    submit(desk)
    assert [method for method, *_ in fake.asked] == ["POST", *["PATCH"] * 4]
    assert fake.received == [DATA]


def test_an_upload_that_was_forgotten_begins_anew(fake: Fake, desk: RemoteDesk) -> None:
    fake.mishaps.extend([None, None, failed(404, "there is no such upload")])
    fake.uploads[NUMBER] = {"sha256": hashlib.sha256(DATA).hexdigest(), "size": 512, "slug": "denoising"}, b""
    submit(desk)
    assert [method for method, *_ in fake.asked].count("POST") == 2
    fake.mishaps.extend([None, *[failed(404, "there is no such upload")] * 9])
    fake.uploads.clear()
    with pytest.raises(NotFound):
        submit(desk)


def test_while_the_server_listens_to_a_dead_connection_one_waits(
    fake: Fake, desk: RemoteDesk, slept: list[float]
) -> None:
    busy = failed(409, "these bytes are being sent already")
    fake.mishaps.extend([None, None, busy, None, busy, None])
    submit(desk)
    assert fake.received == [DATA]
    assert slept == [1.0, 2.0]


def test_a_server_that_never_moves_is_given_up(fake: Fake, desk: RemoteDesk, slept: list[float]) -> None:
    fake.mishaps.extend([None, *[failed(409, "being sent already"), None] * REST])
    with pytest.raises(Unavailable, match="takes no more of what is sent\nwhere: byte 0 of 512"):
        submit(desk)
    assert 40 < sum(slept) < 90


def test_what_the_rules_refuse_is_never_sent(fake: Fake, desk: RemoteDesk) -> None:
    fake.mishaps.append(failed(409, "none left today", next_step="wait until tomorrow"))
    with pytest.raises(Refused, match="none left today\nnext: wait until tomorrow"):
        submit(desk)
    assert [method for method, *_ in fake.asked] == ["POST"]


def test_what_the_rules_refuse_in_the_end_says_so(fake: Fake, desk: RemoteDesk) -> None:
    """The deadline passed meanwhile: the server has forgotten the upload, which is not begun anew."""
    fake.mishaps.extend(
        [None, *[None] * 5, failed(409, "the deadline has passed"), failed(404, "no such upload")]
    )
    with pytest.raises(Refused, match="the deadline has passed"):
        submit(desk)
    assert [method for method, *_ in fake.asked].count("POST") == 1


def test_a_receipt_for_other_bytes_is_none(fake: Fake, desk: RemoteDesk) -> None:
    receipt = Receipt(9, "Ada", "denoising", "0" * 64, 512, NOW, duplicate=False)
    other = wire.UPLOAD.dump_json(wire.Upload("x", 512, 512, receipt))
    fake.mishaps.append(Answer(201, other, {"Content-Type": "application/json"}))
    with pytest.raises(HeldoutError, match="the receipt is for other bytes: #9"):
        submit(desk)


def test_an_empty_archive_is_not_announced(fake: Fake, desk: RemoteDesk) -> None:
    with pytest.raises(HeldoutError, match="size: input should be greater than 0"):
        submit(desk, b"")
    assert fake.asked == []
