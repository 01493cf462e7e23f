"""A device that would be the machine's memory, a pipe and a socket."""

import stat
import io
import zipfile

MODEL = "class Model:\n    def denoise(self, noisy):\n        return noisy\ndef load(folder, device):\n    return Model()\n"


def make(world):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("model.py", MODEL)
        for name, kind in (("memory", stat.S_IFCHR), ("pipe", stat.S_IFIFO), ("socket", stat.S_IFSOCK)):
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | 0o666) << 16
            bundle.writestr(info, "")
    return buffer.getvalue()
