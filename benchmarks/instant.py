"""From command to colours, this working copy against another one, in one run: all that *Two engines* is about.

    python benchmarks/instant.py --against DIR [--rounds 2] [--files 50] [--sizes "256 x 256" ...]

1. Whole commands, from the shell to the prompt, with files in the system's memory (warm) and on the disk (cold):
   seconds by the clock and of a core, largest memory; beside them `import torch` alone.
2. In one process: loading, the first picture of each size, and later ones.
3. A folder of small pictures, alone and beside one program that keeps a core busy.
4. What each command imports.

Ways take turns, so that whatever else the machine does meets both. Cold: the system is asked to forget the files of
Python and both working copies; it keeps those that another program has in use. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import imports
from busy import neighbours
from engines import ROOT, SIZES, Taken, measured, pictures

COLD = 1  # rounds: forgetting takes a while
IN_PROCESS = """
import json, sys, time
import cv2, nircolor
def timed(call):
    start = time.perf_counter()
    made = call()
    return time.perf_counter() - start, made
loading, engine = timed(lambda: nircolor.Colorizer.from_weights("lite", device="cpu"))
rows = {"loading": [loading]}
for path in sys.argv[1:]:
    nir = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    rows[path] = [timed(lambda: engine.colorize(nir))[0] for _ in range(4)]
print(json.dumps(rows))
"""


def forget(folders: list[Path]) -> None:
    """Ask the system to keep no file of these folders in memory."""
    os.sync()
    for folder in folders:
        for path in folder.rglob("*"):
            with suppress(OSError):
                file = os.open(path, os.O_RDONLY)
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(file)


def row(what: str, way: str, some: list[Taken]) -> None:
    seconds, core, memory = (statistics.median(column) for column in zip(*some, strict=True))
    print(f"| {what} | {way} | {seconds:.2f} | {core:.2f} | {memory:.0f} |", flush=True)


def whole(commands: dict[str, list[str]], ways: dict[str, Path], rounds: int) -> None:
    print("| command | way | seconds | core-seconds | MiB |\n|---|---|---|---|---|")
    lines = {name: ["-m", "nircolor", *command] for name, command in commands.items()}
    places = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")] + list(ways.values())
    for heat, count in (("warm", rounds), ("cold", COLD)):
        taken = defaultdict[tuple[str, str], list[Taken]](list)
        for _ in range(count):
            for name, line in {"import torch": ["-c", "import torch"], **lines}.items():
                for way, root in ways.items():
                    if heat == "cold":
                        forget(places)
                    taken[name, way].append(measured([sys.executable, *line], root))
        for (name, way), some in taken.items():
            row(f"{name}, {heat}", way, some)


def in_process(paths: dict[str, str], ways: dict[str, Path]) -> None:
    print("\n| in one process | way | first | later |\n|---|---|---|---|")
    for way, root in ways.items():
        there = {**os.environ, "PYTHONPATH": str(root)}
        line = [sys.executable, "-c", IN_PROCESS, *paths.values()]
        found = json.loads(subprocess.run(line, cwd=root, env=there, capture_output=True, text=True, check=True).stdout)
        print(f"| loading | {way} | {found['loading'][0]:.2f} | |")
        for name, path in paths.items():
            first, *later = found[path]
            print(f"| {name} | {way} | {first:.2f} | {statistics.median(later):.2f} |", flush=True)


def folder(command: list[str], ways: dict[str, Path], name: str) -> None:
    print("\n| folder | way | seconds | core-seconds | MiB |\n|---|---|---|---|---|")
    for count, beside in ((0, "alone"), (1, "beside a busy program")):
        for way, root in ways.items():
            with neighbours(count):
                row(f"{name}, {beside}", way, [measured([sys.executable, "-m", "nircolor", *command], root)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=list(SIZES))
    options = parser.parse_args()
    ways = {"new": ROOT, "old": options.against.resolve()}
    with tempfile.TemporaryDirectory() as place:
        commands = pictures(Path(place), options.files)
        single = {name: commands[name] for name in options.sizes}
        whole(single, ways, options.rounds)
        in_process({name: command[1] for name, command in single.items()}, ways)
        name = f"{options.files} files"
        folder(commands[name], ways, name)
    print()
    imports.compare(ways, 1)


if __name__ == "__main__":
    main()
