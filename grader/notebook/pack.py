"""What is handed in of a notebook: its cells, without what they printed. Light: for a student's client."""

import json
from pathlib import Path
from typing import Any

from grader.archive import Archive, check_size
from grader.errors import HeldoutError
from grader.notebook.source import FORMAT, raw_cells


def pack_notebook(path: Path, *, limit: int) -> Archive:
    """Raises HeldoutError where there is none, or what is left of it is too large."""
    try:
        data = path.read_bytes()
        raw_cells(data)
    except (OSError, ValueError) as error:
        raise HeldoutError(
            f"{path.name} can't be handed in",
            where=f"{path}: {error}",
            expected=f"a Jupyter notebook (nbformat {FORMAT})",
            next_step="open it in Jupyter, save it there, and hand it in again",
        ) from error
    bare = _without_outputs(json.loads(data))
    archive = Archive(json.dumps(bare, ensure_ascii=False, separators=(",", ":")).encode(), path.name)
    check_size(archive, limit, where=str(path))
    return archive


def _without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    cells = [
        {**cell, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else cell
        for cell in notebook["cells"]
    ]
    return {**notebook, "cells": cells}
