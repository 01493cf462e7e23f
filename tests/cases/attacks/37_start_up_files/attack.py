"""Brings files that a Python runs as it starts, and tries to have one started: what they print is said by them."""

import multiprocessing
import subprocess
import sys
from pathlib import Path


def attack(world):
    here = Path(__file__).parent
    variables = {"PYTHONPATH": str(here), "PYTHONUSERBASE": str(here / "base"), "HOME": str(here)}
    for command in ([sys.executable, "-c", ""], [sys.executable, "-m", "conftest"]):
        try:
            subprocess.run(command, env=variables, cwd=here, check=False)
        except OSError as error:
            print("stopped:", error)
    multiprocessing.get_context("spawn").Process(target=print).start()
