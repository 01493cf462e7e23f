"""The API as its own description has it: generated requests, and whether the answers are what is promised."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from desk.wire import PREFIX
from tests.server.lines import LINES
from tests.server.world import SLUG, Made, World, served

PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDS = ("DELETE /api/v1/token", "POST /api/v1/token/rotate")  # what others are to ask with
Case = Any  # schemathesis.Case, whose type parameters nobody names
EVERYTHING = list(HealthCheck)


@pytest.fixture(scope="module")
def asked(full: Made, memory: Path) -> Iterator[World]:
    """A course of its own: much is changed in it."""
    folder = Path(tempfile.mkdtemp(dir=memory))
    with served(full, folder / "course") as world:
        yield world
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def described(asked: World) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{asked.url}{PREFIX}/openapi.json")


some = settings(deadline=None, derandomize=True, database=None, suppress_health_check=EVERYTHING)
API = sorted(
    {line.request.partition("?")[0].replace(":path", "") for line in LINES if f" {PREFIX}/" in line.request}
)


def test_all_of_the_api_is_described(described: schemathesis.BaseSchema) -> None:
    every: Any = described.get_all_operations()
    found = {operation.ok().label for operation in every}
    assert found | {f"GET {PREFIX}/openapi.json"} == set(API)


@pytest.mark.parametrize("request_", [one for one in API if not one.endswith("openapi.json")])
def test_every_answer_is_as_promised(asked: World, described: schemathesis.BaseSchema, request_: str) -> None:
    method, path = request_.split(" ")

    @settings(some, max_examples=2 if path.endswith("/kit") else 12)
    @given(case=described[path][method].as_strategy())
    def check(case: Case) -> None:
        known(asked, case)
        for who in ("nobody", "ada", "grace"):
            if who == "nobody" or request_ not in ENDS:
                headers = asked.proof(who, path)
                case.call_and_validate(base_url=asked.url, headers=headers, checks=PROMISES, timeout=30)

    check()


def known(world: World, case: Case) -> None:
    """Of what there is, where a path names something: what there is not has tests of its own."""
    there: dict[str, list[Any]] = {
        "slug": [SLUG],
        "ref": sorted(world.refs.values()),
        "name": ["history.svg", "examples"],
        "username": ["ada", "bob"],
        "team": ["Eve", "Bob's team"],
    }
    body: Any = case.body
    for name in case.path_parameters or {}:
        if several := there.get(name):
            case.path_parameters[name] = several[len(repr(body)) % len(several)]
    if isinstance(body, dict) and "slug" in body:
        body["slug"] = SLUG
