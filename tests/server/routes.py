"""All that a server answers to, whether its documentation names it or not."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Methods with paths as they were declared; HEAD goes with GET."""
    return sorted(set(_of(app.routes, "")))


def _of(found: Iterable[Any], prefix: str) -> Iterator[tuple[str, str]]:
    for route in found:
        if hasattr(route, "original_router"):
            yield from _of(route.original_router.routes, prefix + route.include_context.prefix)
        else:
            for method in set(route.methods or ()) - {"HEAD"}:
                yield method, prefix + route.path
