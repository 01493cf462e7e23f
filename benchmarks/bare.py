"""An endpoint that does nothing with an upload but to make it durable: what ours is measured against."""

import os
import sys
import tempfile

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

FOLDER = sys.argv[1] if len(sys.argv) > 1 else tempfile.gettempdir()


async def keep(request: Request) -> JSONResponse:
    descriptor, path = tempfile.mkstemp(dir=FOLDER)
    with os.fdopen(descriptor, "wb") as file:
        async for piece in request.stream():
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    os.unlink(path)
    return JSONResponse({"kept": True}, 201)


app = Starlette(routes=[Route("/", keep, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]), log_level="error", access_log=False, http="h11")
