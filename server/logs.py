"""One JSON object a line, on standard error: what a log collector reads. Never a secret, never a body."""

import logging
import logging.config
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS

FIELDS = "%(asctime)s %(levelname)s %(name)s %(message)s"


def configure(level: str = "INFO", *, plain: bool = False) -> None:
    """`plain`: for a person at a terminal."""
    formatter: dict[str, Any] = (
        {"format": "%(levelname)s %(message)s"}
        if plain
        else {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": FIELDS,
            "reserved_attrs": [*RESERVED_ATTRS, "color_message"],
            "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
        }
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {name: {"level": "WARNING"} for name in ("uvicorn.access", "httpx", "sse_starlette")},
        }
    )
