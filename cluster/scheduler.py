"""Dask's scheduler as grading wants it: no web server, and peers that are silent are soon given up."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

from distributed import Scheduler

from cluster import settings
from cluster.addresses import Address


class GradingScheduler(Scheduler):
    """Dask's, without the web server that it starts even where no dashboard is asked for."""

    def start_http_server(self, *arguments: object, **more: object) -> None: ...


def schedule(address: Address, certificates: Path | None, ready: Callable[[str], None]) -> None:
    """Until SIGTERM or SIGINT. Raises HeldoutError when certificates can't be used, OSError for the port."""
    settings.configure()
    asyncio.run(_schedule(address, certificates, ready))


async def _schedule(address: Address, certificates: Path | None, ready: Callable[[str], None]) -> None:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    scheduler = GradingScheduler(
        host=str(address),
        security=settings.security(address, certificates, "scheduler"),
        dashboard=False,
    )
    async with scheduler:
        ready(scheduler.address)
        await stopping.wait()
