"""Warm throughput of a folder against the bare network, and memory as the number of files grows.

    python benchmarks/batch.py speed [--files 200] [--megapixels 1] [--format tiff] [--threads 2] [--rounds 3]
    python benchmarks/batch.py memory [--files 500 2000]

``speed`` colorizes the same pictures in memory, one after the other, and as a folder, in turn, so that whatever else
the machine does slows both alike; the best rounds are compared. The target is 95 %. It needs cores for reading and
writing beside those of the network: on a CPU both share them, so what reading and writing take of one core is told too.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from nircolor import Colorizer
from nircolor.batch.disk import Disk
from nircolor.batch.local import Flow, Hooks, run
from nircolor.batch.plan import find
from nircolor.batch.process import Work, finish, prepare
from nircolor.batch.settings import Settings
from nircolor.batch.walk import Naming, Selection
from nircolor.picture import Writing
from nircolor.scenes import render
from nircolor.scenes.files import write_picture
from nircolor.tiling import Piece

SCENES = 8  # rendering is slow: files are copies of this many pictures


def fill(folder: Path, files: int, megapixels: float) -> None:
    height = max(8, round((megapixels * 1e6 * 3 / 4) ** 0.5))
    for i in range(files):
        path = folder / f"x{i}_nir.png"
        if i < SCENES:
            write_picture(path, render(i, height, round(height * 4 / 3)).nir, 8)
        else:
            path.write_bytes((folder / f"x{i % SCENES}_nir.png").read_bytes())


def speed(files: int, megapixels: float, format: str | None, threads: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        source, target = Path(place) / "in", Path(place) / "out"
        source.mkdir()
        fill(source, files, megapixels)
        settings = Settings(Disk(source), Disk(target), writing=Writing(format=format))
        entries = find(settings.root, settings.target, Selection(), Naming(), {}, format).entries
        engine = Colorizer.from_weights("lite")
        works = [work for entry in entries[:SCENES] if isinstance(work := prepare(entry, settings), Work)]
        engine.colorize(works[0].pixels)  # compile and warm up
        bare, folder = [], []
        for _ in range(rounds):
            start = time.perf_counter()
            for i in range(files):
                engine.colorize(works[i % SCENES].pixels)
            bare.append(time.perf_counter() - start)
            folder.append(_folder(entries, settings, engine, threads))
            for path in target.iterdir():
                path.unlink()
        side = _disk_seconds(works, settings, engine)
    pixels, best = files * works[0].pixels.size / 1e6, min(folder, key=lambda flow: flow.seconds)
    print(f"device {engine.info.device}, {files} files of {megapixels} MP, output {format or 'png'}, {threads} threads")
    print(f"bare network {pixels / min(bare):.2f} MP/s, folder {pixels / best.seconds:.2f} MP/s: ", end="")
    print(f"{min(bare) / best.seconds:.1%} of it; the network waited {best.waited / best.seconds:.1%}")
    print(f"a picture: {min(bare) / files:.3f} s in the network, {side:.3f} s of one core to read and write it")


def _folder(entries: tuple, settings: Settings, engine: Colorizer, threads: int) -> Flow:  # type: ignore[type-arg]
    start = time.perf_counter()
    flow = run(entries, settings, engine, Hooks(lambda c: None, lambda r: None), threading.Event(), threads)
    flow.seconds = time.perf_counter() - start  # until the last file is on the disk
    return flow


def _disk_seconds(works: list[Work], settings: Settings, engine: Colorizer) -> float:
    rgb = engine.colorize(works[0].pixels)
    start = time.thread_time()
    for work in works:
        prepare(work.entry, settings)
        finish(work, [Piece(0, 0, rgb)], settings)
    return (time.thread_time() - start) / len(works)


def memory(counts: list[int]) -> None:
    for files in sorted(counts):
        with tempfile.TemporaryDirectory() as place:
            source = Path(place) / "in"
            source.mkdir()
            fill(source, files, 0.001)
            line = [sys.executable, "-m", "nircolor", "batch", str(source), f"{place}/out", "-q", "--device", "cpu"]
            subprocess.run(line, check=True)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        print(f"{files} files: peak resident memory {peak / 1024:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "memory"))
    parser.add_argument("--files", type=int, nargs="+", default=[])
    parser.add_argument("--megapixels", type=float, default=1.0)
    parser.add_argument("--format")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.what == "memory":
        memory(options.files or [500, 2000])
    else:
        files = (options.files or [200])[0]
        speed(files, options.megapixels, options.format, options.threads, options.rounds)
