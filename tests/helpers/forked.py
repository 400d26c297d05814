"""``nircolor`` in processes of their own that begin where torch is loaded: copies of one process that waits.

To load torch takes seconds, and to copy a process takes none. What a test says of the start itself, of the environment
that Python reads there, or of signals, is for a process that begins from nothing: the fixture ``command``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cli_tools import Result, environment

WAITING = """
import json, os, resource, sys
import cv2, imagecodecs, numba, tifffile, nircolor
from nircolor.cli import main

nircolor.Colorizer  # loads torch
main(["colorize", "--help"])

requests, answers = (os.fdopen(int(number), mode) for number, mode in zip(sys.argv[1:], "rw"))
for line in requests:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        requests.close(), answers.close(), os.chdir(asked["cwd"])
        for number, path in enumerate(asked["streams"]):
            os.dup2(os.open(path, os.O_RDWR), number)
        os.environ.update(asked["env"])
        if asked["largest"] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (asked["largest"], asked["largest"]))
        sys.exit(main([os.fsdecode(bytes.fromhex(arg)) for arg in asked["args"]]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)
"""


class Forks:
    """The process that waits; ``close`` ends it."""

    def __init__(self) -> None:
        there, back = os.pipe(), os.pipe()
        line = [sys.executable, "-c", WAITING, str(there[0]), str(back[1])]
        null, passed = subprocess.DEVNULL, (there[0], back[1])
        self._process = subprocess.Popen(line, stdin=null, stdout=null, env=environment(), pass_fds=passed)
        os.close(there[0])
        os.close(back[1])
        self._requests, self._answers = os.fdopen(there[1], "w"), os.fdopen(back[0], "r")

    def run(self, *args: str | Path, cwd: Path, stdin: bytes = b"", largest: int | None = None, **env: str) -> Result:
        """``nircolor`` with some arguments. No file may grow beyond ``largest`` bytes, as on a full disk."""
        with tempfile.TemporaryDirectory() as folder:
            streams = [Path(folder) / name for name in ("in", "out", "err")]
            for path, content in zip(streams, (stdin, b"", b""), strict=True):
                path.write_bytes(content)
            asked = {"args": [os.fsencode(arg).hex() for arg in args], "cwd": str(cwd), "largest": largest, "env": env}
            print(json.dumps({**asked, "streams": [str(path) for path in streams]}), file=self._requests, flush=True)
            code = int(self._answers.readline())
            return Result(code, streams[1].read_bytes(), streams[2].read_text())

    def close(self) -> None:
        self._requests.close()
        self._answers.close()
        self._process.wait()
