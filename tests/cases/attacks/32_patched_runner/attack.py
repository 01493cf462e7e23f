"""Replaces the runner's own functions by its own: checks that always pass, pixels that are always white."""

import sys


def attack(world):
    frame = sys._getframe()
    while "channel" not in frame.f_locals:
        frame = frame.f_back
    runner = frame.f_globals
    runner["STATUSES"] = ("ok",) * 100
    runner["Fault"] = type("Fault", (Exception,), {})
    submission = frame.f_locals.get("submission") or frame.f_back.f_locals["submission"]
    answers = type(submission).answer.__globals__
    answers["_as_tensor"] = lambda method, value, dtype: value
    answers["_wrong_type"] = lambda *_: None
    answers["TORCH_TYPES"] = dict.fromkeys(("float32", "int64"), answers["torch"].float32)
