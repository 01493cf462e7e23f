"""Reads a policy and says in words what is wrong with it."""

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from grader.errors import HeldoutError
from leaderboard.grades.policy import Policy

FILE = "grades.toml"  # in the course folder
REFERENCE = "docs/grades.md lists the keys"


@dataclass(frozen=True)
class PolicyFile:
    """A policy with its text: the text's SHA-256 is its version."""

    policy: Policy
    text: str
    where: str = FILE

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()


def read_policy(path: Path) -> PolicyFile:
    """Raises HeldoutError when there is none, or with the key that has to change."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise HeldoutError(
            "the course has no grading policy"
            if not path.exists()
            else f"the policy can't be read: {error.strerror}",
            where=str(path),
            expected="a TOML file: items, and how each becomes points",
            next_step="write one (docs/grades.md has examples), or name it with --policy FILE",
        ) from error
    except UnicodeDecodeError as error:
        raise HeldoutError("the policy is no text", where=f"{path}: {error}", expected="UTF-8") from error
    return parse_policy(text, str(path))


def parse_policy(text: str, where: str = FILE) -> PolicyFile:
    """Raises HeldoutError with the key that has to change."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HeldoutError("the policy can't be read", where=f"{where}: {error}", expected="TOML") from error
    try:
        return PolicyFile(Policy.model_validate(table), text, where)
    except ValidationError as error:
        raise _wrong(error, table, where) from error


def _wrong(error: ValidationError, table: dict[str, Any], where: str) -> HeldoutError:
    """Of the first thing that is wrong."""
    first = error.errors()[0]
    place = _place(first["loc"], table)
    said = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
    if first["type"] == "extra_forbidden":
        said = "there is no such key"
    return HeldoutError(
        f"{place}: {said}" if place else said,
        where=where,
        expected="a time with its zone, 2026-11-21T18:00:00Z say"
        if first["type"].startswith(("timezone", "datetime"))
        else REFERENCE,
        next_step="correct it; nothing was changed",
    )


def _place(loc: Sequence[int | str], table: dict[str, Any]) -> str:
    """`item "HW1", late.percent` of ("items", 0, "score", "late", "percent")."""
    if len(loc) < 2 or loc[0] != "items" or not isinstance(loc[1], int):
        return ".".join(map(str, loc))
    items = table["items"]
    item = items[loc[1]] if isinstance(items, list) else {}
    name = item.get("name", "") if isinstance(item, dict) else ""
    called = f"item {name!r}" if isinstance(name, str) and name else f"item {loc[1] + 1}"
    keys = [
        str(key) for key in loc[2:] if key not in ("score", "notebook", "given") or key != item.get("kind")
    ]
    return ", ".join([called, *([".".join(keys)] if keys else [])])
