"""Damage files of every kind that nircolor reads, some 20,000 of them, and read them: nothing may hang or crash.

    python benchmarks/fuzz.py [--count 20000] [--minutes 60] [--workers 1] [--seed 0] [--kinds PNG,TIFF] [--keep DIR]

Sound files are rendered (``fuzz_seeds.py``) and damaged (``fuzz_mutations.py``), the same for the same seed. Each is
read by what the commands read it with, in a process with a limit of time and of memory. What is not read has to be
refused by an error of nircolor/errors.py. The exit code is 1 when anything hangs (more than 10 s), raises another
error, or ends its process. Prints a table; ``--keep``: where the files that did so are left. Linux only: it asks /proc
for memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

from fuzz_mutations import mutate
from fuzz_seeds import KINDS as COMMON
from fuzz_seeds_formats import KINDS as FORMATS

KINDS = COMMON | FORMATS
HANG = 10.0  # seconds
MEMORY = 4 << 30  # bytes of addresses that a worker may take beyond those it has when it begins
SHARES = {
    "PNG": 4, "TIFF": 5, "JPEG": 3, "WebP": 2, "BMP": 1,
    **dict.fromkeys(FORMATS, 1),
    "video": 2, "weights": 2, "recipe": 2, "manifest": 2, "split": 1,
}  # fmt: skip
BAD = ("hang", "uncaught", "crash")


@cache
def seeds(kind: str) -> list[bytes]:
    return KINDS[kind]()


def damaged(kind: str, seed: int, number: int) -> bytes:
    """The same bytes for the same arguments."""
    chance = Random(f"{seed} {kind} {number}")
    return mutate(kind, chance.choice(seeds(kind)), chance)


# --- in a worker: read one file after another -------------------------------------------------------------------------


def _picture(path: Path) -> None:
    from nircolor.image import read_nir

    read_nir(path)


def _video(path: Path) -> None:
    from contextlib import closing
    from itertools import islice

    from nircolor.video import open_source

    with closing(open_source(path)) as source:
        for _ in islice(source.frames(), 20):
            pass


def _weights(path: Path) -> None:
    from nircolor.model import Generator
    from nircolor.weights import load, verify
    from nircolor.weights_network import restored

    verify(path)
    restored(load(path), Generator)


def _recipe(path: Path) -> None:
    from nircolor.training.recipe_file import load_recipe

    load_recipe(path)


def _manifest(path: Path) -> None:
    from nircolor.batch.disk import Disk
    from nircolor.batch.manifest import NAME, history, sweep

    folder = path.parent / "outdir"
    folder.mkdir(exist_ok=True)
    path.replace(folder / NAME)
    sweep(Disk(folder), history(Disk(folder)))


def _split(path: Path) -> None:
    from nircolor.datasets.lists import read_list

    read_list(path)


READERS: dict[str, Callable[[Path], None]] = {
    "video": _video, "weights": _weights, "recipe": _recipe, "manifest": _manifest, "split": _split,
}  # fmt: skip


def work(folder: Path, seed: int) -> None:
    """Answer each line ``kind number`` with a line of JSON."""
    import logging

    import torch

    from nircolor.errors import NircolorError

    torch.set_num_threads(1)
    logging.disable()
    for kind in KINDS:  # what is loaded once does not count
        with suppress(NircolorError):
            _read(kind, folder, seeds(kind)[0])
    soft = _pages() * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (soft, resource.getrlimit(resource.RLIMIT_AS)[1]))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        number, kind = line.rstrip().split(maxsplit=1)
        content = damaged(kind, seed, int(number))
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
        start, told = time.perf_counter(), ""
        try:
            _read(kind, folder, content)
            outcome = "read"
        except NircolorError as error:
            outcome, told = "refused", str(error)
            if "\n" in told:
                outcome = "uncaught"
        except BaseException as error:
            outcome, told = "uncaught", f"{type(error).__name__}: {error}"
        seconds = round(time.perf_counter() - start, 3)
        print(json.dumps({"outcome": outcome, "told": told, "seconds": seconds, "peak": _peak()}), flush=True)


def _read(kind: str, folder: Path, content: bytes) -> None:
    path = folder / ("x.json" if kind == "recipe" and content.startswith(b"{") else "x.toml")
    path.write_bytes(content)
    READERS.get(kind, _picture)(path)


def _pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0])


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


# --- in the parent: hand out files, watch the clock, count ------------------------------------------------------------


@dataclass
class Tally:
    """What became of the files of one kind."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    peak: int = 0


class Worker:
    """A process that reads; another is started in its place once it hangs or dies."""

    def __init__(self, seed: int) -> None:
        self._seed, self._process = seed, None

    def read(self, kind: str, number: int) -> dict[str, Any]:
        process = self._process = self._process or self._start()
        process.stdin.write(f"{number} {kind}\n")
        process.stdin.flush()
        answer = self._answer(process, HANG)
        if answer is not None:
            return answer
        died = process.poll()
        self.close()
        told = f"ended by {died}" if died is not None else f"no end after {HANG:.0f} s"
        return {"outcome": "hang" if died is None else "crash", "told": told, "seconds": HANG, "peak": 0}

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._folder.cleanup()
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        self._folder = tempfile.TemporaryDirectory()
        line = [sys.executable, __file__, "--worker", self._folder.name, "--seed", str(self._seed)]
        options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(line, text=True, **options)
        if self._answer(process, 120) is None:
            sys.exit("a worker does not start")
        return process

    @staticmethod
    def _answer(process: subprocess.Popen[str], patience: float) -> Any:
        """None where none comes, or the process has ended. An answer is one line: what comes of it comes whole."""
        if not select.select([process.stdout], [], [], patience)[0]:
            return None
        if line := process.stdout.readline():
            return json.loads(line)
        process.wait()
        return None


def jobs(kinds: list[str], count: int) -> Iterator[tuple[str, int]]:
    """Kinds in turn by their shares, so that a run that is cut short has some of each."""
    cycle = [kind for kind in kinds for _ in range(SHARES[kind])]
    numbers: Counter[str] = Counter()
    for index in range(count):
        kind = cycle[index % len(cycle)]
        yield kind, numbers[kind]
        numbers[kind] += 1


def run(options: argparse.Namespace) -> int:
    kinds = options.kinds.split(",")
    tallies, guard, waiting = {kind: Tally() for kind in kinds}, Lock(), jobs(kinds, options.count)
    end = time.monotonic() + 60 * options.minutes

    def drive() -> None:
        worker = Worker(options.seed)
        try:
            while time.monotonic() < end:
                with guard:
                    job = next(waiting, None)
                if job is None:
                    return
                answer = worker.read(*job)
                with guard:
                    note(tallies[job[0]], *job, answer, options)
        finally:
            worker.close()

    with ThreadPoolExecutor(options.workers) as pool:
        for future in [pool.submit(drive) for _ in range(options.workers)]:
            future.result()
    print(table(tallies))
    return int(any(tally.outcomes[name] for tally in tallies.values() for name in BAD))


def note(tally: Tally, kind: str, number: int, answer: dict[str, Any], options: argparse.Namespace) -> None:
    tally.outcomes[answer["outcome"]] += 1
    tally.slowest, tally.peak = max(tally.slowest, answer["seconds"]), max(tally.peak, answer["peak"])
    if answer["outcome"] in BAD:
        print(f"{kind} {number}: {answer['outcome']}: {answer['told'][:300]!r}", flush=True)
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f"{kind}-{options.seed}-{number}").write_bytes(damaged(kind, options.seed, number))


def table(tallies: dict[str, Tally]) -> str:
    lines = [
        "| kind | inputs | read | refused | hangs | uncaught | crashes | slowest | peak memory |",
        "|" + "---|" * 9,
    ]
    for kind, tally in tallies.items():
        counts = [tally.outcomes[name] for name in ("read", "refused", *BAD)]
        cells = [kind, sum(counts), *counts, f"{tally.slowest:.2f} s", f"{tally.peak / 1e6:.0f} MB"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    total = sum(sum(tally.outcomes.values()) for tally in tallies.values())
    return "\n".join([*lines, f"{total} inputs"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.worker, arguments.seed)
    else:
        sys.exit(run(arguments))
