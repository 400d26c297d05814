"""``nircolor`` in a process of its own that a signal strikes at a certain point of its work, and not after a time.

It sends the signal to itself: however fast it is, and whoever waits for it, it gets no further and stops no earlier.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli_tools import environment

CHILD = """
import os, sys
from functools import reduce
from importlib import import_module
from itertools import count
from nircolor.cli import main

place, number, calls, group, *args = sys.argv[1:]
module, _, name = place.partition(":")
*parents, name = name.split(".")
owner = reduce(getattr, parents, import_module(module))
work, numbers = getattr(owner, name), count(1)

def struck(*given, **options):
    result = work(*given, **options)
    if next(numbers) == int(calls):
        os.kill(0 if int(group) else os.getpid(), int(number))
    return result

setattr(owner, name, struck)
sys.exit(main(args))
"""


PROGRESS = "nircolor.events:Reporter.progress"
"""Called now and then by whatever works, in the main thread: first while weights are loaded, then for each piece."""

ROWS = "nircolor.batch.manifest:Manifest.add"
"""Called by a batch when it has planned its first pictures, and then for each picture that is done."""


def line(place: str, number: int, *args: str | Path, calls: int = 1, group: bool = False) -> list[str]:
    """A command: ``nircolor`` with ``args`` that gets the signal ``number`` when a function (``module:name``, or
    ``module:Class.name``) has returned from so many ``calls``: alone, or with all of its process ``group``.
    """
    return [sys.executable, "-c", CHILD, place, str(int(number)), str(calls), str(int(group)), *map(str, args)]


def strike(place: str, number: int, *args: str | Path, cwd: Path, calls: int = 1) -> subprocess.CompletedProcess[str]:
    """Run it to its end, which the signal may be."""
    command = line(place, number, *args, calls=calls)
    return subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False)


@contextmanager
def held(place: str, *args: str | Path, cwd: Path) -> Iterator[subprocess.Popen[Any]]:
    """While entered, it stands still where ``place`` has been called once; then it is killed."""
    with subprocess.Popen(line(place, signal.SIGSTOP, *args), cwd=cwd, env=environment()) as process:
        try:
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status), f"it has ended: {status}"
            yield process
        finally:
            process.kill()
