"""What a submission used, rounded: while it saw held-out items, it could have spelt them out in that."""

from dataclasses import replace

from grader.outline import MIB
from grader.report import Resources

GRAIN = 32 * MIB


def coarse(used: Resources) -> Resources:
    """To a tenth of a second and 32 MiB; of output that was dropped, only that there was some."""
    return replace(
        used,
        wall_seconds=round(used.wall_seconds, 1),
        cpu_seconds=round(used.cpu_seconds, 1),
        gpu_seconds=round(used.gpu_seconds, 1),
        peak_bytes=-(-used.peak_bytes // GRAIN) * GRAIN,
        dropped_bytes=min(used.dropped_bytes, 1),
    )
