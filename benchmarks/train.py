"""A training step of the recipe ``lite`` on a CPU, bf16: fast paths against the plain ones of the same code, in turn.

    python benchmarks/train.py [--sizes 256 128] [--batch 8] [--repeats 6]

Plain: torch's layer norm with scale, shift and SiLU apart, and its own attention; the scan is the kernel's in both.
The smallest of the repeats is taken, of wall-clock and of processor time; the latter means little with more threads on
a busy machine, since waiting threads spin. Without LPIPS weights that term is left out, and this said.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import torch

from nircolor import scenes
from nircolor.model import Generator, agent, channel_norm, crop_prior, layers
from nircolor.training.data_loader import TrainingBatch
from nircolor.training.objective import Objective
from nircolor.training.recipe_file import load_recipe
from nircolor.weights import load, locate

PARTS = ("forward", "losses", "backward", "optimiser")


@contextmanager
def plain_paths() -> Iterator[None]:
    norm = partial(channel_norm.channel_norm, kernel="reference")
    with patch.object(layers, "channel_norm", norm), patch.object(agent, "attention_to_learn", agent.attention):
        yield


def rendered(size: int, count: int) -> TrainingBatch:
    """Two scenes in turn, each of its own view."""
    pairs = [scenes.render(seed, size, size) for seed in (1, 2)]
    nir = torch.stack([torch.from_numpy(pairs[i % 2].nir).float()[None] for i in range(count)])
    rgb = torch.stack([torch.from_numpy(pairs[i % 2].rgb).float().permute(2, 0, 1) for i in range(count)])
    return TrainingBatch(nir, rgb, nir, rgb, torch.tensor([[0.0, 0.0, 1.0, 1.0]]).repeat(count, 1))


class Step:
    """What a trainer does with a batch, timed part by part; the packaged weights stay as they are (rate 0)."""

    def __init__(self, batch: TrainingBatch, objective: Objective) -> None:
        self.network = Generator(load_recipe("lite", []).model)
        self.network.load_state_dict(load(locate("lite")).state)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=0.0)
        self.batch, self.objective = batch, objective

    def __call__(self) -> list[float]:
        """Seconds of the parts, then of processor time of them all."""
        batch, network, clock, processor = self.batch, self.network, [time.perf_counter()], time.process_time()
        with torch.autocast("cpu", torch.bfloat16):
            prior = network.prior(batch.view_nir).float()
            rgb = network.paint(batch.nir, crop_prior(prior, batch.boxes, *batch.nir.shape[-2:]))
        clock.append(time.perf_counter())
        total, _ = self.objective(rgb, prior, batch)
        clock.append(time.perf_counter())
        self.optimiser.zero_grad()
        total.backward()
        clock.append(time.perf_counter())
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        self.optimiser.step()
        clock.append(time.perf_counter())
        return [b - a for a, b in pairwise(clock)] + [time.process_time() - processor]


def lite_objective() -> Objective:
    config = load_recipe("lite", []).loss
    if Path(config.perceptual_weights).is_file():
        return Objective(config, None)
    print(f"without the LPIPS term: no file {config.perceptual_weights} (run this in the repository's root)")
    return Objective(replace(config, perceptual=0.0), None)


def compare(size: int, count: int, repeats: int, objective: Objective) -> None:
    step, times = Step(rendered(size, count), objective), {"plain": [], "fast": []}
    for repeat in range(repeats + 1):
        with plain_paths():
            slow = step()
        fast = step()
        for name, row in (("plain", slow), ("fast", fast)) if repeat else ():  # the first compiles
            times[name].append(row)
    best = {}
    for name, rows in times.items():
        best[name] = seconds, processor = min(sum(row[:-1]) for row in rows), min(row[-1] for row in rows)
        parts = [min(column) for column in zip(*(row[:-1] for row in rows), strict=True)]
        shares = "  ".join(f"{part} {100 * t / sum(parts):3.0f} %" for part, t in zip(PARTS, parts, strict=True))
        print(f"{size:4} x {size:<4} {name:6} {count / seconds:7.2f} images/s  processor {processor:5.2f} s  {shares}")
    wall, processor = (a / b for a, b in zip(best["plain"], best["fast"], strict=True))
    print(f"{'':12} ratio {wall:8.2f}           processor {processor:5.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 128])
    for name, default in (("--batch", 8), ("--repeats", 6)):
        parser.add_argument(name, type=int, default=default)
    options = parser.parse_args()
    info = Path("/proc/cpuinfo")  # Linux; elsewhere platform knows
    names = [line.split(":")[1].strip() for line in info.open() if "model name" in line] if info.is_file() else []
    print(names[0] if names else platform.processor(), f"torch {torch.__version__}", sep=", ", end=", ")
    print(f"{torch.get_num_threads()} threads, batch {options.batch}")
    objective = lite_objective()
    for size in options.sizes:
        compare(size, options.batch, options.repeats, objective)


if __name__ == "__main__":
    main()
