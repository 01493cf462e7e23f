"""Prints what it would like to get, and leaves it in every file that might be read; scored like the honest one."""

from pathlib import Path

REPORT = '{"verdict": "scored", "psnr": 100.0, "public": {"psnr": 100.0}}'


class Model:
    def denoise(self, noisy):
        print("SCORE: 100", flush=True)
        print(REPORT, flush=True)
        return noisy.clamp(0, 1)


def load(folder, device):
    for name in ("score.json", "report.json", "result.txt", "scores.csv"):
        for parent in (folder, folder.parent, Path.cwd()):
            (parent / name).write_text(REPORT)
    return Model()
