"""The process that answers: it listens on a socket that was handed over, as whoever it was told to be.

Started by `supervise`; not meant to be started by hand. It ends when its standard input does, after the
requests that are being answered; a supervisor that was killed leaves nobody behind.
"""

import asyncio
import json
import logging
import os
import socket
import sys
from typing import Any

GRACE = 15  # seconds for what is being answered


def main() -> None:
    """`argv[1]`: JSON, see `supervise.Web`."""
    told = json.loads(sys.argv[1])
    become(told["uid"], told["gid"])
    run(told)


def become(uid: int | None, gid: int | None) -> None:
    """Before anything is read: no way back to root, nor to its groups."""
    if uid is not None and gid is not None:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    if 0 in (*os.getresuid(), *os.getresgid()):
        sys.exit("the web process would have been root")


def run(told: dict[str, Any]) -> None:
    from pathlib import Path

    import uvicorn

    from grader.course import open_course
    from grader.current import CurrentCourse
    from leaderboard.store import Store
    from server.app import make_app
    from server.logs import configure
    from server.office import open_office
    from server.slow import IDLE_SECONDS, ImpatientProtocol

    configure(plain=told["plain"])
    os.umask(0o077)
    current = CurrentCourse(open_course(Path(told["course"])))
    store = Store.open(current().database, assignments=current.assignment, actor="server")
    config = uvicorn.Config(
        make_app(open_office(current, store)),
        http=ImpatientProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(told["proxies"]),
        forwarded_allow_ips=told["proxies"] or None,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE,
        limit_concurrency=2_000,
        root_path=told["root_path"],
    )
    server = uvicorn.Server(config)
    asyncio.run(_serve(server, socket.socket(fileno=told["socket"])))
    logging.getLogger(__name__).info("stopped")


async def _serve(server: Any, listening: socket.socket) -> None:
    loop = asyncio.get_running_loop()

    def ended() -> None:
        if not os.read(0, 1024):
            loop.remove_reader(0)
            server.should_exit = True

    os.set_blocking(0, False)
    loop.add_reader(0, ended)
    await server.serve(sockets=[listening])


if __name__ == "__main__":
    main()
