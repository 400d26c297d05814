"""A web server for parts of one file, as object stores give them: GDAL reads by ranges. Run it with the file's path.

It is a process of its own, since GDAL may wait for it while it holds Python's lock.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def served(path: Path) -> Iterator[str]:
    """A URL under which ``path`` lies by its name, and nothing else."""
    command = [sys.executable, __file__, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


class _Ranges(BaseHTTPRequestHandler):
    name, data = "", b""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        if not self.path.endswith(f"/{self.name}"):
            self.send_error(404)
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start, stop = (int(asked[1]), int(asked[2] or len(self.data)) + 1) if asked else (0, len(self.data))
        part = self.data[start:stop]
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(part)))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{start + len(part) - 1}/{len(self.data)}")
        self.end_headers()
        if body:
            self.wfile.write(part)


def main() -> None:
    path = Path(sys.argv[1])
    _Ranges.name, _Ranges.data = path.name, path.read_bytes()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Ranges) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
