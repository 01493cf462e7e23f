"""A notebook as it ran with the tests that its author can see: sources and outputs, for who reads it."""

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from grader.sandbox import Output

MOST_BYTES = 8 << 20  # of all outputs together


@dataclass(frozen=True)
class Shown:
    """A cell."""

    id: str
    kind: str
    is_code: bool
    source: str
    outputs: tuple[Output, ...] = ()


def pack(cells: Sequence[Shown]) -> bytes:
    """Outputs that come too late for MOST_BYTES are left out."""
    left, kept = MOST_BYTES, []
    for cell in cells:
        outputs = []
        for output in cell.outputs:
            left -= len(output.data)
            if left > 0:
                outputs.append([output.kind, output.mime, base64.b64encode(output.data).decode()])
        kept.append([cell.id, cell.kind, cell.is_code, cell.source, outputs])
    return zlib.compress(json.dumps(kept).encode())


def unpack(data: bytes) -> list[Shown]:
    """What `pack` made."""
    return [
        Shown(name, kind, is_code, source, tuple(_output(*each) for each in outputs))
        for name, kind, is_code, source, outputs in json.loads(zlib.decompress(data))
    ]


def _output(kind: str, mime: str, data: str) -> Output:
    return Output(kind, mime, base64.b64decode(data))
