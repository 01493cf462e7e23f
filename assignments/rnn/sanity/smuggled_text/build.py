"""As much of the public text as fits into 16 KiB of code, packed."""

import base64
import lzma

from grader.corpus import kjv

CARRIED = 30_000  # characters


def build(folder, public):
    text = kjv()
    packed = lzma.compress(text.encode(text.lines).tobytes()[-CARRIED:], preset=9)
    (folder / "book.py").write_text(f"BOOK = {base64.b85encode(packed)!r}\n")
