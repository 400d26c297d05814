"""How long the page of ``nircolor demo`` takes for a picture, in a real Chromium, and how far it is from Python.

    python benchmarks/demo.py [--weights FILE.onnx] [--runtime ARCHIVE.tgz] [--size 1000 1000] [--rounds 3] [--threads]

The first picture includes loading and compiling the network, as for a visitor; the others do not. Wall-clock seconds
from the choice of the file to the picture on the screen, core seconds of all processes of the browser, and what the
page itself counts. ``--threads``: the server isolates the page, so that it may use them. Linux only.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import imagecodecs
import numpy as np
import onnxruntime

from nircolor.demo.build import MODEL, build_demo
from nircolor.image import read_nir
from nircolor.scenes import quantise, render

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))
import report_browser
from demo_page import ISOLATED, DemoPage, served

TICKS = os.sysconf("SC_CLK_TCK")


def core_seconds(group: int) -> float:
    """Of all processes of a group, and of their children that have ended."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        total += sum(map(int, fields[11:15])) if int(fields[2]) == group else 0
    return total / TICKS


def report(page: DemoPage, picture: Path, rounds: int) -> None:
    """A row for each time that the picture is coloured."""
    for number in range(rounds):
        cores, start = core_seconds(page.browser.process), time.perf_counter()
        said = page.colour(picture)
        wall = time.perf_counter() - start
        spent = core_seconds(page.browser.process) - cores
        name = "later" if number else "first"
        print(f"{name}: {wall:6.2f} s, {spent:6.2f} core seconds; {said or page.text('#facts')}")


def difference(page: DemoPage, site: Path, picture: Path) -> None:
    """The largest and the mean difference of the page's picture from Python's."""
    session = onnxruntime.InferenceSession((site / MODEL).read_bytes(), providers=["CPUExecutionProvider"])
    wanted = session.run(["rgb"], {"nir": read_nir(picture).pixels[None, None]})[0][0]
    apart = np.abs(page.download() - np.moveaxis(wanted, 0, -1) * 255)
    print(f"from Python: {apart.max():.2f} of 255 at most, {apart.mean():.2f} on average")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--runtime", type=Path)
    parser.add_argument("--size", type=int, nargs=2, default=(1000, 1000), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", action="store_true")
    given = parser.parse_args()
    executable = report_browser.find()
    if executable is None:
        raise SystemExit(f"none of {', '.join(report_browser.NAMES)} is on this machine")
    with TemporaryDirectory() as folder:
        site, picture = Path(folder, "site"), Path(folder, "scene.png")
        build_demo(site, weights=given.weights, runtime=given.runtime)
        picture.write_bytes(imagecodecs.png_encode(quantise(render(4, *given.size).nir, 8)))
        headers = ISOLATED if given.threads else None
        with served(site, headers) as url, report_browser.Browser(executable) as browser:
            page = DemoPage(browser, url, Path(folder))
            report(page, picture, given.rounds)
            difference(page, site, picture)


if __name__ == "__main__":
    main()
