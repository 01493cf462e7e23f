"""Messages between grader and runner: a fixed header, then bytes.

A request's `code` is the length of its JSON head, which comes before the body; a reply's is its status.
Each request carries a fresh nonce that its reply repeats: an early or stale reply is garbage.
"""

import struct

MAGIC = b"HELDOUT1"
HEADER = struct.Struct("<8s16sIQ")  # magic, nonce, code, bytes that follow (without a request's head)
DETAIL_BYTES = 16 * 1024
SEPARATOR = "\x1f"  # between a fault's what, where, expected and next

# The place of a word is its status: 0 is success, the others are reasons of grader.errors.Reason.
STATUSES = (
    "ok",
    "bad_archive",
    "no_model",
    "syntax_error",
    "import_missing",
    "load_missing",
    "load_raised",
    "method_missing",
    "raised",
    "wrong_type",
    "wrong_shape",
    "memory",
    "crashed",
    "train_missing",
    "train_raised",
)

# Outputs of a notebook's cell, one after the other: kind, what it is written in, bytes that follow.
OUTPUT = struct.Struct("<BBI")
OUTPUT_KINDS = ("stdout", "stderr", "shown", "result", "error", "points")
OUTPUT_MIMES = ("text/plain", "image/png")  # nothing that a page would execute

LENGTH = struct.Struct("<I")  # before an order to the zygote
ENDING = struct.Struct("<id")  # of a zygote's child: as wait4 says it, and processor seconds
