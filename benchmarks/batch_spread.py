"""One process, two processes and two workers of a local Ray cluster on the same files of mixed sizes; and memory.

    python benchmarks/batch_spread.py speed [--files 1000] [--smallest 64] [--largest 512] [--ways 1,1x1,2,ray]
    python benchmarks/batch_spread.py memory [--files 1000 10000] [--ways 1,2,ray]
    python benchmarks/batch_spread.py driver [--files 20000]

Ways: ``1`` one process with all cores, ``1p`` the same, whose threads do not spin while they wait for each other, which
is what a busy machine needs, ``1x1`` one process with one core, ``2`` two processes, ``ray`` two workers of
Ray on this machine. All are told the time from the first network that is loaded to the last file that is written, and
the whole of the command. Memory is the largest sum over all processes of the run of what is resident (proportional
share of what is shared), looked at twice a second; Linux only. Ray's own processes count. ``driver``: pictures a second
that the process in the middle can hand out and record, whoever works on them: a crew that answers at once, a real
manifest on the disk of the temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from nircolor.batch.disk import Disk
from nircolor.batch.entry import Entry
from nircolor.batch.local import Hooks
from nircolor.batch.manifest import NAME, Manifest
from nircolor.batch.settings import Settings
from nircolor.batch.spread import Event, Ready, Returned, Spread
from nircolor.scenes import render
from nircolor.scenes.files import write_picture

SCENES = 24  # rendering is slow: files are copies of this many pictures
WAYS = {
    "1": ([], {}),
    "1p": ([], {"OMP_WAIT_POLICY": "passive"}),
    "1x1": ([], {"OMP_NUM_THREADS": "1"}),
    "2": (["--workers", "2"], {}),
    "ray": (["--ray", "local", "--workers", "2"], {}),
}


def fill(folder: Path, files: int, smallest: int, largest: int) -> None:
    """Sides drawn evenly between the two, half of the files PNG of 8 bits, half TIFF of 16."""
    chance = random.Random(0)
    folder.mkdir()
    for i in range(files):
        suffix = "tif" if i % 2 else "png"
        path = folder / f"x{i}_nir.{suffix}"
        if i < SCENES:
            height, width = chance.randint(smallest, largest), chance.randint(smallest, largest)
            write_picture(path, render(i, height, width).nir, 16 if i % 2 else 8)
        else:
            path.write_bytes((folder / f"x{i % SCENES}_nir.{suffix}").read_bytes())


def run(source: Path, target: Path, way: str, weights: str) -> tuple[dict[str, float], float, float]:
    """What the command says, its seconds in all, and its peak of memory in MB."""
    options, environment = WAYS[way]
    line = [
        sys.executable,
        "-m",
        "nircolor",
        "batch",
        str(source),
        str(target),
        "-q",
        "--json",
        "--device",
        "cpu",
        "--weights",
        weights,
    ]
    start, peak, done = time.perf_counter(), [0.0], threading.Event()
    with subprocess.Popen(
        [*line, *options], stdout=subprocess.PIPE, env={**os.environ, **environment}, start_new_session=True
    ) as process:
        watcher = threading.Thread(target=_watch, args=(process.pid, peak, done))
        watcher.start()
        told = json.loads(process.stdout.read())  # type: ignore[union-attr]
        done.set()
        watcher.join()
    return told, time.perf_counter() - start, peak[0]


def _watch(root: int, peak: list[float], done: threading.Event) -> None:
    while not done.wait(0.5):
        peak[0] = max(peak[0], sum(_resident(pid) for pid in _family(root)))


def _family(root: int) -> set[int]:
    """A process and all that descend from it, of those whose parents live."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    family, size = {root}, 0
    while len(family) > size:
        size = len(family)
        family |= {pid for pid, parent in parents.items() if parent in family}
    return family


def _resident(pid: int) -> float:
    """MB, the proportional share of a process."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def speed(files: int, smallest: int, largest: int, ways: list[str], weights: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        fill(Path(place) / "in", files, smallest, largest)
        print(f"{files} files, sides of {smallest} to {largest} pixels, {os.cpu_count()} cores, load {os.getloadavg()}")
        for way in ways:
            told, whole, peak = run(Path(place) / "in", Path(place) / f"out-{way}", way, weights)
            rate = told["done"] / told["seconds"]
            print(
                f"{way:4} done {told['done']}, failed {told['failed']}: {told['seconds']:.1f} s, {rate:.1f} files/s, "
                f"{told['megapixels_per_second']:.2f} MP/s; whole command {whole:.1f} s; peak {peak:.0f} MB, "
                f"load {os.getloadavg()[0]:.1f}",
                flush=True,
            )


def memory(counts: list[int], ways: list[str], weights: str) -> None:
    for files in counts:
        with tempfile.TemporaryDirectory() as place:
            fill(Path(place) / "in", files, 16, 16)
            for way in ways:
                told, whole, peak = run(Path(place) / "in", Path(place) / f"out-{way}", way, weights)
                print(f"{way:4} {files} files: peak {peak:.0f} MB, {told['done']} done, {whole:.0f} s", flush=True)


class Instant:
    """A crew that has done everything before it is asked."""

    size = 100

    def __init__(self, settings: Settings) -> None:
        self._settings, self._events = settings, list[Event]()

    def hire(self, worker: int) -> None:
        self._events.append(Ready(worker, {}, 6))

    def give(self, worker: int, entry: Entry) -> None:
        row = self._settings.row(entry, "done", sha256="0" * 64, stamp=(1, 2, 3, 4), width=512, height=512)
        self._events.append(Returned(worker, entry.source, row))

    def wait(self, seconds: float) -> list[Event]:
        events, self._events = self._events, []
        return events

    def stop(self) -> None: ...

    def close(self) -> None: ...


def open_spread(settings: Settings) -> Spread:
    return Spread(Instant(settings), settings, on_ready=lambda info: None, warn=print)


def driver(files: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        settings = Settings(
            Disk(Path(place)), Disk(Path(place) / "out"), options={"tile": 576, "prior": "global"}, weights="0" * 12
        )
        entries = [Entry(f"part{i % 100}/x{i}.png", f"part{i % 100}/x{i}_rgb.png", 1000) for i in range(files)]
        with Manifest(settings.target) as manifest, open_spread(settings) as spread:
            hooks = Hooks(
                announce=lambda chunk: manifest.add(map(settings.begun, chunk)), record=lambda row: manifest.add([row])
            )
            start = time.perf_counter()
            spread.run(entries, hooks, threading.Event())
            seconds = time.perf_counter() - start
        size = (Path(place) / "out" / NAME).stat().st_size
    print(f"{files / seconds:.0f} pictures a second through the driver; {size / files:.0f} bytes of manifest each")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "memory", "driver"))
    parser.add_argument("--files", type=int, nargs="+", default=[])
    parser.add_argument("--smallest", type=int, default=64)
    parser.add_argument("--largest", type=int, default=512)
    parser.add_argument("--ways", default="1,1x1,2,ray")
    parser.add_argument("--weights", default="lite")
    options = parser.parse_args()
    ways = options.ways.split(",")
    if options.what == "driver":
        driver((options.files or [20000])[0])
    elif options.what == "memory":
        memory(options.files or [1000, 10000], ways, options.weights)
    else:
        speed((options.files or [1000])[0], options.smallest, options.largest, ways, options.weights)
