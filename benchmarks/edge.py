"""How much faster ``edge`` is than ``lite``: the same picture, one thread each, from array to array, warm.

    python benchmarks/edge.py [--rounds 9] [--weights edge]

Calls take turns, so that whatever else the machine does slows all of them alike. Milliseconds by the clock and of a
core (medians), and the ratio of the latter. ``graph``: the ONNX file alone, as docs/edge.md runs it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nircolor import Colorizer, scenes
from nircolor.weights import locate

SIZES = ((256, 256), (512, 640), (730, 1096))  # rows, columns


def graph_of(weights: str) -> Callable[[Any], Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    path = locate(weights).with_suffix(".onnx")
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])

    def colorize(nir: Any) -> Any:
        (rgb,) = session.run(["rgb"], {"nir": nir[None, None].astype(np.float32) / 255})
        return np.rint(rgb[0].transpose(1, 2, 0) * 255).astype(np.uint8)

    return colorize


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--weights", default="edge")
    options = parser.parse_args()
    import cv2

    cv2.setNumThreads(1)
    calls: dict[str, Callable[[Any], Any]] = {
        name: Colorizer.from_weights(weights, engine="onnx", threads=1).colorize
        for name, weights in (("lite", "lite"), ("edge", options.weights))
    }
    calls["graph"] = graph_of(options.weights)
    size = Path(locate(options.weights).with_suffix(".onnx")).stat().st_size
    print(f"{size / 1e6:.2f} MB\n| picture | what | clock ms | core ms | lite / it |\n|---|---|---|---|---|")
    for height, width in SIZES:
        measure(scenes.quantise(scenes.render(3, height, width).nir, 8), calls, options.rounds)


def measure(nir: Any, calls: dict[str, Callable[[Any], Any]], rounds: int) -> None:
    clock: dict[str, list[float]] = {name: [] for name in calls}
    core: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):  # the first warms up
        for name, call in calls.items():
            began, spent = time.perf_counter(), time.process_time()
            call(nir)
            if turn:
                clock[name].append(1e3 * (time.perf_counter() - began))
                core[name].append(1e3 * (time.process_time() - spent))
    lite = statistics.median(core["lite"])
    for name in calls:
        seconds, work = statistics.median(clock[name]), statistics.median(core[name])
        print(
            f"| {nir.shape[1]} x {nir.shape[0]} | {name} | {seconds:.1f} | {work:.1f} | {lite / work:.1f} |", flush=True
        )


if __name__ == "__main__":
    main()
