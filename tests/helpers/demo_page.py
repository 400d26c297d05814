"""The page of ``nircolor.demo`` in a real Chromium, from a server that says what it was asked for."""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from report_browser import Browser

ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
"""Headers of a page that may use threads."""
_OVER = "!document.querySelector('#result').hidden || !document.querySelector('#failure').hidden"


class Files(SimpleHTTPRequestHandler):
    """The files of a folder, and nothing else."""

    headers_sent: dict[str, str] = {}  # noqa: RUF012

    def end_headers(self) -> None:
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@contextmanager
def served(folder: Path, headers: dict[str, str] | None = None) -> Iterator[str]:
    """A URL under which a folder lies."""
    handler = type("Handler", (Files,), {"headers_sent": headers or {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


class DemoPage:
    """One page that takes pictures. ``folder``: where downloads go."""

    def __init__(self, browser: Browser, url: str, folder: Path, **window: Any) -> None:
        self.browser, self.url, self._folder = browser, url, folder
        browser.open(url, **window)

    def colour(self, path: Path) -> str:
        """Choose a file, and wait for what comes of it: see ``wait``."""
        self.browser.choose("#file", path)
        return self.wait()

    def wait(self) -> str:
        """Wait for the end of the work: the words of a failure, or none where there is a result."""
        self.browser.until("document.querySelector('#work').hidden")
        self.browser.until(_OVER)
        failed = self.browser.run("!document.querySelector('#failure').hidden")
        return self.text("#reason") if failed else ""

    def text(self, selector: str) -> str:
        return str(self.browser.run(f"document.querySelector({selector!r}).textContent"))

    def click(self, selector: str) -> None:
        self.browser.run(f"document.querySelector({selector!r}).click()")

    def download(self) -> np.ndarray:
        """The picture that the page offers, (H, W, 3 or 4), as it is saved."""
        name = self.browser.run("document.querySelector('#download').download")
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        path = self.browser.download("document.querySelector('#download').click()", folder)
        assert path.name == name
        return np.asarray(imagecodecs.png_decode(io.BytesIO(path.read_bytes()).getvalue()))
