"""A student's archive on its way, piece by piece."""

import hashlib
from dataclasses import dataclass
from typing import Any

import httpx

from desk.wire import OFFSET
from tests.server.world import SLUG, TEAMS, World

DATA = bytes(range(256)) * 40
FREE = ('daily = "unlimited"', 'total = "unlimited"', 'pending = "unlimited"')


@dataclass(frozen=True)
class Sending:
    """`who` hands in `data`."""

    world: World
    who: str
    data: bytes

    @property
    def new(self) -> dict[str, Any]:
        return {
            "slug": SLUG,
            "size": len(self.data),
            "sha256": hashlib.sha256(self.data).hexdigest(),
            "file_name": "a.zip",
        }

    def announce(self, **changes: Any) -> httpx.Response:
        return self.world.api(self.who, "POST", "/uploads", json=self.new | changes)

    def begin(self, **changes: Any) -> str:
        """Its number."""
        answer = self.announce(**changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def send(self, number: str, offset: int = 0, data: Any = None) -> httpx.Response:
        """`data`: all that is left."""
        content = self.data[offset:] if data is None else data
        headers = {OFFSET: str(offset), "Content-Type": "application/octet-stream"}
        return self.world.api(self.who, "PATCH", f"/uploads/{number}", content=content, headers=headers)

    def look(self, number: str) -> httpx.Response:
        return self.world.api(self.who, "GET", f"/uploads/{number}")

    def whole(self, **changes: Any) -> dict[str, Any]:
        """The receipt."""
        answer = self.send(self.begin(**changes))
        assert answer.status_code == 200, answer.text
        receipt: dict[str, Any] = answer.json()["receipt"]
        return receipt


def set_rules(world: World, *lines: str) -> None:
    """In the course's settings, as an instructor would; the server hears of it at the next question."""
    path = world.course.folder / "course.toml"
    path.write_text(path.read_text() + f"\n[assignments.{SLUG}.rules]\n" + "\n".join(lines) + "\n")


def kept(world: World) -> dict[str, bytes]:
    """By checksum, as they are named."""
    return {path.stem: path.read_bytes() for path in world.course.archives.rglob("*.zip")}


def arriving(world: World) -> list[str]:
    return sorted(path.suffix for path in (world.course.folder / "arriving").glob("*/*"))


def queued(world: World) -> int:
    return sum(len(world.store.submissions(SLUG, team)) for team in TEAMS.values())
