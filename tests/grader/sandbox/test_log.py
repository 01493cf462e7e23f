import os

from grader.sandbox.log import Log, neutralise


def logged(data: bytes, limit: int = 1000, *, keep: bool = True) -> str:
    read, write = os.pipe()
    log = Log(read, limit)
    log.restart(keep=keep)
    with open(write, "wb") as pipe:
        pipe.write(data)
    log.finish(5)
    return log.text


def test_head_and_tail_of_a_flood() -> None:
    text = logged(b"first" + b"x" * 5_000_000 + b"last")
    assert text.startswith("firstx")
    assert text.endswith("xlast")
    assert "[… 4999009 bytes left out …]" in text
    assert len(text) < 1100


def test_a_short_log_is_whole() -> None:
    assert logged(b"a" * 600 + b"b" * 300) == "a" * 600 + "b" * 300


def test_what_is_not_kept_is_still_drained() -> None:
    assert logged(b"x" * 1_000_000, keep=False) == ""


def test_control_characters_become_visible() -> None:
    assert neutralise("\x1b[2Jok\r\nbar\r50%\t\u202egnp") == "\\x1b[2Jok\nbar\n50%\t\\u202egnp"
