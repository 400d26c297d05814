"""What the two engines take from command to colours, beside the import of torch alone.

    python benchmarks/engines.py [--rounds 3] [--other FOLDER]

Whole commands take turns, so that whatever else the machine does slows all of them alike; medians are compared. Seconds
by the clock, of a core, and the largest memory. ``--other``: a checkout of another version, whose command joins in.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import cv2

from nircolor.scenes import quantise, render

ROOT = Path(__file__).resolve().parents[1]
SIZES = {"256 x 256": (256, 256), "0.8 MP": (768, 1024), "3 MP": (1536, 2048), "12 MP": (3000, 4000)}
FILES = 40  # of a folder, 256 x 256 each


class Taken(NamedTuple):
    seconds: float
    core: float
    mebibytes: float


def measured(line: list[str], root: Path) -> Taken:
    start = time.perf_counter()
    there = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, env=there, cwd=root)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(line)}")
    return Taken(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def pictures(folder: Path, files: int = FILES) -> dict[str, list[str]]:
    """Arguments of a command for each size, and for a folder of so many ``files``."""
    commands = {}
    for name, (height, width) in SIZES.items():
        path = folder / f"{height}.png"
        scene = cv2.resize(quantise(render(4, 768, 1024).nir, 8), (width, height), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(path), scene)
        commands[name] = ["colorize", str(path), "-o", str(folder / "out.png"), "--overwrite", "-q"]
    many = folder / "many"
    many.mkdir()
    for number in range(files):
        (many / f"{number}.png").write_bytes((folder / "256.png").read_bytes())
    commands[f"{files} files"] = ["batch", str(many), str(folder / "done"), "--overwrite", "-q"]
    return commands


def compare(commands: dict[str, list[str]], rounds: int, other: Path | None) -> dict[tuple[str, str], list[Taken]]:
    nircolor, taken = [sys.executable, "-m", "nircolor"], dict[tuple[str, str], list[Taken]]()
    for _ in range(rounds):
        taken.setdefault(("", "import torch"), []).append(measured([sys.executable, "-c", "import torch"], ROOT))
        for name, command in commands.items():
            lines = {"onnx": ([*nircolor, *command], ROOT), "torch": ([*nircolor, *command, "--engine", "torch"], ROOT)}
            if other:
                lines["other"] = [*nircolor, *command], other
            for engine, (line, root) in lines.items():
                taken.setdefault((name, engine), []).append(measured(line, root))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--other", type=Path)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES))
    options = parser.parse_args()
    with TemporaryDirectory() as place:
        commands = pictures(Path(place))
        asked = {name: line for name, line in commands.items() if name not in SIZES or name in options.sizes}
        taken = compare(asked, options.rounds, options.other)
    whole = statistics.median(one.seconds for one in taken["", "import torch"])
    print("| what | engine | seconds | against `import torch` | core-seconds | MiB |\n|---|---|---|---|---|---|")
    for (name, engine), some in taken.items():
        seconds, core, memory = (statistics.median(column) for column in zip(*some, strict=True))
        print(f"| {name} | {engine} | {seconds:.2f} | {seconds / whole:.2f} | {core:.2f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
