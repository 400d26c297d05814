"""What a busy neighbour costs: each verb alone, and beside programs that do nothing but keep a core busy.

    python benchmarks/busy.py [--verbs colorize batch workers video train] [--ways new spins short old]
                              [--pictures 12] [--repeats 1] [--neighbours 1] [--against DIR]

Whole commands, start and end included, on rendered files; wall-clock and core seconds, the medians of the repeats. All
neighbours share the last core, so that of C cores C - n / (n + 1) are left: a verb that keeps to its share takes
C / (C - n / (n + 1)) times as long as alone. The exit code is 1 where one takes more than 1.5 times its share. Ways
take turns, so that whatever else the machine does meets all of them: ``new`` is this working copy, ``spins`` the same
with threads that spin as they do unless told otherwise, ``short`` with a hundredth of that, ``old`` the working copy of
``--against``. Linux only.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nircolor.scenes import render
from nircolor.scenes.files import write_picture

ROOT = Path(__file__).resolve().parents[1]
MOST = 1.5  # times the share
SCENES = 4  # rendering is slow: files are copies of so many pictures
RECIPE = """preset = "lite"
[[sources]]
folder = "."
[augment]
size = 128
[loss]
perceptual = 0
[optim]
steps = 8
batch = 4
warmup = 2
"""
LINES = {
    "colorize": "colorize photo.png -o made/photo.png",
    "batch": "batch small made",
    "workers": "batch small made --workers 2",
    "video": "video frames -o made/film.mp4 --fps 10",
    "train": "train recipe.toml --data pairs --run made/run",
}
WAITS = {"spins": "300000", "short": "3000"}  # turns of libgomp's threads; the first is its own choice


@dataclass(frozen=True)
class Took:
    wall: float
    cores: float

    def __str__(self) -> str:
        return f"{self.wall:6.1f} s ({self.cores:5.1f} core s)"


def fill(place: Path, pictures: int) -> None:
    """A picture of 0.8 megapixels, ``pictures`` of 320 x 240, as many frames, and pairs to learn from."""
    for name in ("small", "frames", "pairs"):
        (place / name).mkdir()
    write_picture(place / "photo.png", render(9, 800, 1000).nir, 8)
    scenes = [render(seed, 240, 320) for seed in range(SCENES)]
    for number in range(pictures):
        scene = scenes[number % SCENES]
        for name in ("small", "frames"):
            write_picture(place / name / f"x{number:03}.png", scene.nir, 8)
    for seed, scene in enumerate(scenes):
        write_picture(place / "pairs" / f"{seed}_nir.png", scene.nir, 8)
        write_picture(place / "pairs" / f"{seed}_rgb.png", scene.rgb, 8)
    (place / "recipe.toml").write_text(RECIPE)


@contextmanager
def neighbours(count: int) -> Iterator[None]:
    last = max(os.sched_getaffinity(0))
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        for process in started:
            os.sched_setaffinity(process.pid, {last})
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def took(verb: str, place: Path, environment: dict[str, str]) -> Took:
    """Of the whole command, which writes into a folder that was not there."""
    shutil.rmtree(place / "made", ignore_errors=True)
    if "batch" not in LINES[verb]:
        (place / "made").mkdir()
    line = [sys.executable, "-m", "nircolor", *LINES[verb].split(), "-q"]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(line, cwd=place, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def middle(many: list[Took]) -> Took:
    return Took(statistics.median(one.wall for one in many), statistics.median(one.cores for one in many))


def measure(
    verb: str, place: Path, ways: dict[str, dict[str, str]], counts: tuple[int, ...], repeats: int
) -> dict[tuple[str, int], Took]:
    """By way and number of neighbours, after one run that does not count."""
    times: dict[tuple[str, int], list[Took]] = {(way, count): [] for way in ways for count in counts}
    for way in ways:
        took(verb, place, ways[way])
    for _ in range(repeats):
        for (way, count), row in times.items():
            with neighbours(count):
                row.append(took(verb, place, ways[way]))
    return {key: middle(row) for key, row in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verbs", nargs="+", choices=LINES, default=list(LINES))
    for name, default in (("--pictures", 12), ("--repeats", 1), ("--neighbours", 1)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--ways", nargs="+", default=["new", "old"])
    options = parser.parse_args()
    here = {"PYTHONPATH": str(ROOT)}
    ways = {"new": here, **{way: {**here, "GOMP_SPINCOUNT": turns} for way, turns in WAITS.items()}}
    if options.against:
        ways["old"] = {"PYTHONPATH": str(options.against.resolve())}
    ways = {way: environment for way, environment in ways.items() if way in options.ways}
    cores, n = len(os.sched_getaffinity(0)), options.neighbours
    fair = cores / (cores - n / (n + 1))
    print(f"{cores} cores, {n} of their programs busy: a fair share takes {fair:.2f} times as long; {os.getloadavg()}")
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), options.pictures)
        for verb in options.verbs:
            found = measure(verb, Path(folder), ways, (0, n), options.repeats)
            for way in ways:
                alone, beside = found[way, 0], found[way, n]
                times = beside.wall / alone.wall
                print(f"{verb:9}{way:6} alone {alone}  beside {beside}  {times:.2f} times", flush=True)
                worst = max(worst, times / fair if way == "new" else 0)
    print(f"at most {worst:.2f} of its share")
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
