"""A server in this process, on a socket: what is sent and answered is what a stranger would see."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from server.slow import ImpatientProtocol


@contextmanager
def serving(app: FastAPI, **settings: object) -> Iterator[str]:
    """Its address. `settings`: more of uvicorn's."""
    # Wrapped anew it knows its protocol; else asyncio leaves Nagle's algorithm on, 40 ms a request.
    listening = socket.socket(fileno=socket.create_server(("127.0.0.1", 0)).detach())
    told = {"log_config": None, "access_log": False, "server_header": False, "ws": "none", **settings}
    config = uvicorn.Config(app, http=ImpatientProtocol, timeout_graceful_shutdown=1, **told)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server didn't start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
    assert not thread.is_alive(), "the server didn't end"
