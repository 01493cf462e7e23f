"""A bomb whose directory says that it is of ten bytes."""

import io
import zipfile

MODEL = "class Model:\n    def denoise(self, noisy):\n        return noisy\ndef load(folder, device):\n    return Model()\n"


def make(world):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("model.py", MODEL)
        bundle.writestr("zeros.bin", bytes(400_000_000))
    return buffer.getvalue().replace((400_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
