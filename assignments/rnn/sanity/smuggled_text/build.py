"""The beginnings of the held-out streams themselves, which nobody can know: no smuggler could choose better."""

import base64
import lzma

from grader import catalogue
from grader.sanity import small_data

CARRIED = 30_000  # characters


def build(folder, public):
    streams = small_data(catalogue.find("rnn")).heldout["streams"]
    packed = lzma.compress(streams[:, : CARRIED // len(streams)].tobytes(), preset=9)
    (folder / "book.py").write_text(f"BOOK = {base64.b85encode(packed)!r}\n")
