"""Files that all pages share: style and script, put together from their parts."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent / "static"
PARTS = ("base", "board", "prose", "forms", "notebook", "integrity")
SITE = b"/* Heldout's site: this line tells an export that the folder is its own. */\n"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@cache
def style() -> bytes:
    return b"\n".join((HERE / f"{part}.css").read_bytes() for part in PARTS)


@cache
def shared_files() -> Mapping[str, bytes]:
    """By their place in the site: what a server answers under these paths, of the type that `TYPES` has."""
    return {
        "static/style.css": SITE + style(),
        "static/live.js": (HERE / "live.js").read_bytes(),
        "static/icon.svg": (HERE / "icon.svg").read_bytes(),
    }


@cache
def digest(path: str) -> str:
    return hashlib.sha256(shared_files()[path]).hexdigest()[:12]
