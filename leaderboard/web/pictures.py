"""Pictures that submissions made: where a site keeps them, and how large they are."""

import re
import struct
from collections.abc import Mapping

PNG = b"\x89PNG\r\n\x1a\n"


def is_picture(png: bytes) -> bool:
    return png.startswith(PNG) and len(png) >= 24


def picture_size(png: bytes) -> tuple[int, int]:
    """Width and height, from the PNG's header."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def picture_path(ref: int, name: str) -> str:
    """Of a submission's picture, within a site.

    >>> picture_path(7, "A walk: z → z'")
    'pictures/7-a-walk-z-z.png'
    """
    return f"pictures/{ref}-{stem(name)}.png"


def stem(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "picture"


def find_picture(pictures: Mapping[str, bytes], path: str) -> bytes | None:
    """The PNG that `picture_path` would have called `path`, of one submission's pictures by name."""
    last = path.rpartition("/")[2].partition("-")[2].removesuffix(".png")
    return next((png for name, png in pictures.items() if stem(name) == last and is_picture(png)), None)
