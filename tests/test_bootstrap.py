"""What a bare machine lacks is said in one line, and nothing is begun."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[1]
LACKS_VENV = f"""#!/bin/sh
case "$2" in *ensurepip*) exit 1 ;; esac
exec {sys.executable} "$@"
"""
LACKS_NOTHING = f'#!/bin/sh\nexec {sys.executable} "$@"\n'


@pytest.mark.parametrize(
    ("python", "says"),
    [
        (LACKS_VENV, "missing: python3-venv; run: sudo apt-get install python3-venv"),
        (LACKS_NOTHING, "missing: bubblewrap; run: sudo apt-get install bubblewrap"),
    ],
    ids=["no python3-venv", "no bubblewrap"],
)
def test_what_is_missing_is_said_in_one_line(tmp_path: Path, python: str, says: str) -> None:
    shutil.copy(HOME / "bootstrap.sh", tmp_path)
    tools = tmp_path / "bin"  # all that PATH leads to: no apt-get, no sudo, no bwrap
    tools.mkdir()
    for name in ("dirname", "id"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    (tmp_path / "python3").write_text(python)
    (tmp_path / "python3").chmod(0o755)
    environment = {"PATH": str(tools), "HOME": str(tmp_path), "PYTHON": str(tmp_path / "python3")}
    ran = subprocess.run(
        [shutil.which("sh", path=os.defpath) or "/bin/sh", str(tmp_path / "bootstrap.sh")],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert ran.returncode == 1
    assert ran.stderr.strip() == says
    assert not (tmp_path / ".venv").exists()
