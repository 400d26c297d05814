"""The routes: the page and its files, ``POST /colorize``, how far a picture is."""

from __future__ import annotations

import socket

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nircolor._version import __version__
from nircolor.image.formats import FORMATS
from nircolor.pages.page import section, static
from nircolor.serving.config import Address
from nircolor.serving.guard import Guard, names_of
from nircolor.serving.refused import RefusedError, answer
from nircolor.serving.requests import Colorize

_FILES = {
    "/base.css": ("pages/page.css", "text/css"),
    "/page.css": ("serving/page.css", "text/css"),
    "/page.js": ("serving/page.js", "text/javascript"),
    "/card.js": ("serving/card.js", "text/javascript"),
    "/send.js": ("serving/send.js", "text/javascript"),
    "/zip.js": ("serving/zip.js", "text/javascript"),
    "/icon.svg": ("serving/icon.svg", "image/svg+xml"),
}


def application(colorize: Colorize, address: Address) -> Starlette:
    """What is served at ``address``."""

    def page(request: Request) -> Response:
        limits = {"upload": colorize.limits.upload_bytes, "pixels": colorize.limits.pixels}
        text = section(
            "serving/page.html.j2",
            weights=list(colorize.weights),
            engine=colorize.engine,
            formats=list(FORMATS),
            limits=limits,
            local=address.is_local,
            version=__version__,
        )
        return Response(text, media_type="text/html")

    def file(request: Request) -> Response:
        name, media = _FILES[request.url.path]
        return Response(static(name), media_type=media)

    def progress(request: Request) -> Response:
        found = colorize.desk.find(request.path_params["token"])
        return JSONResponse(found or {"stage": "unknown", "done": 0, "total": 0, "ahead": 0})

    routes = [
        Route("/", page),
        *(Route(path, file) for path in _FILES),
        Route("/progress/{token}", progress),
        Route("/colorize", colorize, methods=["POST"]),
    ]
    guard = Middleware(Guard, names=names_of(address, socket.gethostname()))
    return Starlette(routes=routes, middleware=[guard], exception_handlers={HTTPException: _astray})


def _astray(request: Request, error: Exception) -> Response:
    """Another path, or another method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = {404: "there is no such page", 405: "this is not done with this method"}
    remedy = "open / in a browser, or send pictures to POST /colorize"
    return answer(RefusedError(status, words.get(status, "this went wrong"), remedy))
