"""Two models, of which a reader may see one and the runner another."""

import io
import zipfile

MODEL = "class Model:\n    def denoise(self, noisy):\n        return noisy\ndef load(folder, device):\n    return Model()\n"


def make(world):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("model.py", MODEL)
        bundle.writestr("Model.py", MODEL.replace("return noisy", "return noisy * 0"))
    return buffer.getvalue()
