"""A member whose name is the flag's own path."""

import io
import zipfile

MODEL = "class Model:\n    def denoise(self, noisy):\n        return noisy\ndef load(folder, device):\n    return Model()\n"


def make(world):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("model.py", MODEL)
        info = zipfile.ZipInfo("x")
        info.filename = world["flag_path"]
        bundle.writestr(info, "overwritten")
    return buffer.getvalue()
