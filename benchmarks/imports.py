"""Where the time of a command goes before it works: milliseconds of importing, by package, and the whole command.

    python benchmarks/imports.py [--repeats 3] [--against DIR]

``python -X importtime`` of each command on a small rendered picture; the repeat that took least is taken, of each way
apart, and packages that take less than 1 % of all are summed. Core seconds are those of the command without that
option. ``old`` is the working copy of ``--against``; ways take turns.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from nircolor.scenes import render
from nircolor.scenes.files import write_picture

ROOT = Path(__file__).resolve().parents[1]
LINES = {
    "--help": "--help",
    "weights list": "weights list",
    "doctor": "doctor",
    "colorize": "colorize in/x1.png -o x_rgb.png --overwrite -q",
    "batch": "batch in out --overwrite -q",
    "video": "video frames -o film.mp4 --fps 5 --overwrite -q",
}
LEAST = 0.01
_LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\w+)", re.MULTILINE)


def imported(line: list[str], place: Path, environment: dict[str, str]) -> Counter[str]:
    """Milliseconds by package; the standard library is one."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *line],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: Counter[str] = Counter()
    for microseconds, name in _LINE.findall(done.stderr):
        found["Python's own" if name in sys.stdlib_module_names else name] += int(microseconds) / 1000  # type: ignore[assignment]
    return found


def core_seconds(line: list[str], place: Path, environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *line], cwd=place, env=environment, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def told(found: Counter[str]) -> str:
    total = sum(found.values())
    large = [(name, time) for name, time in found.most_common() if time >= LEAST * total]
    rest = total - sum(time for _, time in large)
    return f"imports {total:.0f} ms: " + ", ".join(f"{name} {time:.0f}" for name, time in [*large, ("others", rest)])


def compare(ways: dict[str, Path], repeats: int) -> None:
    """Print a line for each command and way."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("in", "frames"):
            (place / name).mkdir()
            for number in (1, 2):
                write_picture(place / name / f"x{number}.png", render(number, 240, 320).nir, 8)
        for command, words in LINES.items():
            for way, (seconds, found) in best(["-m", "nircolor", *words.split()], place, ways, repeats).items():
                print(f"{command:14}{way:5}{seconds:6.2f} core s  {told(found)}", flush=True)


def best(line: list[str], place: Path, ways: dict[str, Path], repeats: int) -> dict[str, tuple[float, Counter[str]]]:
    least: dict[str, tuple[float, Counter[str]]] = {}
    for _ in range(repeats):
        for way, root in ways.items():
            environment = {**os.environ, "PYTHONPATH": str(root)}
            now = core_seconds(line, place, environment), imported(line, place, environment)
            before = least.get(way, now)
            least[way] = min(now[0], before[0]), min(now[1], before[1], key=lambda one: sum(one.values()))
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    compare({"new": ROOT, **({"old": options.against.resolve()} if options.against else {})}, options.repeats)


if __name__ == "__main__":
    main()
