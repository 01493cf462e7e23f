"""A thousand directory entries that all unpack the same megabytes."""

import struct
import io
import zipfile

MODEL = "class Model:\n    def denoise(self, noisy):\n        return noisy\ndef load(folder, device):\n    return Model()\n"


def make(world):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("model.py", MODEL)
        bundle.writestr("0000.bin", bytes(10_000_000))
    data = buffer.getvalue()
    start = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)
    end = data.index(b"PK\5\6")
    entry = data[start:end]
    more = b"".join(entry.replace(b"0000.bin", b"%04d.bin" % number) for number in range(1, 1_000))
    count, size = 1_001, end - data.index(b"PK\1\2") + len(more)
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, count, count, size)
    return data[:end] + more + bytes(tail)
