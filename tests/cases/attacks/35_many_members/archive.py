"""Twenty thousand empty files: inodes, not bytes."""

import io
import zipfile

MODEL = "class Model:\n    def denoise(self, noisy):\n        return noisy\ndef load(folder, device):\n    return Model()\n"


def make(world):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("model.py", MODEL)
        for number in range(20_000):
            bundle.writestr(f"{number}/empty", "")
    return buffer.getvalue()
