"""Kill ``nircolor batch`` at random moments (SIGKILL: no chance to clean up) and let --resume finish the job.

    python benchmarks/batch_kills.py [--kills 50] [--pictures 40] [--seed 0] [--weights lite]

After every kill, whatever lies in the output folder under its final name must be whole: equal, byte by byte, to what an
undisturbed run has made. At the end the folders must be equal, with nothing else left in them. Each run is a process of
its own, forked from one that has loaded torch but not used it. The exit code is 1 when anything differs.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch  # noqa: F401 - loaded once, for all the runs

from nircolor.batch.disk import Disk
from nircolor.batch.manifest import NAME, rows
from nircolor.cli import main
from nircolor.scenes import render
from nircolor.scenes.files import write_picture


def make(folder: Path, number: int) -> None:
    """Small pictures in three folders, PNG and TIFF in turn."""
    for i in range(number):
        path = folder / f"part{i % 3}" / f"x{i}_nir.{'tif' if i % 2 else 'png'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(path, render(i, 40 + i, 56).nir, 16 if i % 2 else 8)


def start(source: Path, target: Path, weights: str) -> int:
    """A run in a process of its own; its number."""
    number = os.fork()
    if number == 0:
        code = main(["batch", str(source), str(target), "--resume", "-q", "--weights", weights])
        os._exit(code)
    return number


def finish(number: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def kill_during_work(number: int, target: Path, chance: Callable[[], float]) -> None:
    """Kill a run some time after it has begun to work: while it plans, colorizes, writes, or has just ended."""
    before = (target / NAME).stat().st_size if (target / NAME).exists() else 0
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not _grown(target, before):
        if os.waitpid(number, os.WNOHANG)[0]:
            return
        time.sleep(0.002)
    time.sleep(chance())
    os.kill(number, signal.SIGKILL)
    finish(number)


def _grown(target: Path, before: int) -> bool:
    return (target / NAME).exists() and (target / NAME).stat().st_size > before


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != NAME}


def check(target: Path, expected: dict[str, bytes]) -> int:
    """How many outputs there are. Exits when one of them is not whole, or not there although it is called done."""
    found = {name: data for name, data in tree(target).items() if not name.endswith(".tmp")}
    wrong = [name for name, data in found.items() if data != expected.get(name)]
    missing = [row.output for row in rows(Disk(target)) if row.status == "done" and row.output not in found]
    if wrong or missing:
        sys.exit(f"wrong: {wrong}, missing: {missing}")
    return len(found)


def run(kills: int, pictures: int, seed: int, weights: str) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        source, whole, target = (Path(folder) / name for name in ("in", "whole", "out"))
        make(source, pictures)
        begin = time.perf_counter()
        if finish(start(source, whole, weights)):
            sys.exit("the undisturbed run failed")
        seconds, expected = time.perf_counter() - begin, tree(whole)
        done = rounds = halves = unrecorded = 0
        while done < kills:
            killed = start(source, target, weights)
            kill_during_work(killed, target, lambda: chance.uniform(0, seconds / 2))
            done += 1
            halves += any(target.rglob("*.tmp"))
            whole_ones, recorded = (
                check(target, expected),
                {row.output for row in rows(Disk(target)) if row.status == "done"},
            )
            unrecorded += whole_ones > len(recorded)
            if whole_ones == len(expected):  # finished: begin anew, so that every kill hits work
                rounds += 1
                _finish_and_compare(source, target, weights, expected)
                _empty(target)
        _finish_and_compare(source, target, weights, expected)
    print(f"{done} kills in {rounds + 1} jobs of {pictures} pictures: no output was partial, every job was finished")
    print(f"{halves} kills came while a file was being written, {unrecorded} between a file and its line")


def _finish_and_compare(source: Path, target: Path, weights: str, expected: dict[str, bytes]) -> None:
    if finish(start(source, target, weights)):
        sys.exit("a resumed run failed")
    if tree(target) != expected:
        sys.exit(f"the folders differ: {set(tree(target)) ^ set(expected)}")


def _empty(target: Path) -> None:
    for path in target.rglob("*"):
        if path.is_file():
            path.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", default="lite")
    options = parser.parse_args()
    run(options.kills, options.pictures, options.seed, options.weights)
