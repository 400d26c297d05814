"""Steps of benchmarks/gpu_day.sh: pictures on a device against those of the CPU, and training at full width.

    python benchmarks/gpu_day.py pictures [--device cuda] [--tiny]
    python benchmarks/gpu_day.py train RECIPE [--device cuda] [--seconds 120] [--tiny]

``pictures``: ``colorize`` and ``batch`` of rendered pictures, in every precision that the device has, as floats; equal
to the CPU's in fp32 where the root of the mean square differs by at most 0.01 of [0, 1], and the largest difference is
told. ``train``: images a second, once all is compiled, and peak memory; on rendered pairs, since speed does not
depend on them. Where the weights of VGG that a recipe names, or those in ../shared, are not there, its term is left
out, and this said. ``--tiny``: small pictures, and a network of 8 channels, to try the steps on a CPU. The exit code is
1 where something differs too much, or no step of training was done.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path
from threading import Event as StopEvent
from threading import Timer

import numpy as np
import tifffile
import torch

import nircolor
from nircolor.events import Event
from nircolor.scenes import render
from nircolor.scenes.files import write_picture
from nircolor.training.events import TRAINING, Losses, TrainingReady
from nircolor.training.recipe_file import load_recipe

MOST = 0.01
FLOATS = nircolor.Writing(depth=32, format="tiff")
VGG = "../shared/perceptual/vgg19_distilled16x_relu5_1.safetensors"  # where a recipe names none
NARROW = ("model.rgb.widths", "model.prior.widths")


def pictures(device: str, tiny: bool) -> int:
    """0 where all agree."""
    sizes = [(48, 64), (33, 70)] if tiny else [(256, 256)] * 8 + [(800, 1000), (1536, 2048)]
    precisions = ["bf16"] if device == "cpu" else ["fp32", "bf16", "fp16"]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "in").mkdir()
        for seed, size in enumerate(sizes):
            write_picture(place / "in" / f"x{seed}.png", render(seed, *size).nir, 8)
        truth = made(place, "cpu", "fp32", "truth")
        for precision in precisions:
            for verb, found in (
                ("colorize", one_by_one(place, device, precision)),
                ("batch", made(place, device, precision, f"batch-{precision}")),
            ):
                rms = max(float(np.sqrt(np.mean((found[name] - truth[name]) ** 2))) for name in truth)
                most = max(float(np.abs(found[name] - truth[name]).max()) for name in truth)
                print(f"{device} {precision} {verb}: differs by {rms:.5f} (root mean square), at most {most:.5f}")
                wrong += rms > MOST
    return int(wrong > 0)


def one_by_one(place: Path, device: str, precision: str) -> dict[str, np.ndarray]:
    """Outputs of ``colorize``, by name; prints the time of the last picture, which is the largest."""
    engine = nircolor.EngineConfig(device=device, precision=precision).load()  # type: ignore[arg-type]
    outputs, seconds = {}, 0.0
    for source in sorted((place / "in").iterdir()):
        target, start = place / f"{precision}-{source.stem}.tif", time.perf_counter()
        nircolor.colorize_file(source, target, engine=engine, writing=FLOATS)
        seconds, outputs[source.stem] = time.perf_counter() - start, tifffile.imread(target)
    pixels = outputs[source.stem].size / 3e6
    print(f"{device} {precision} colorize: {pixels:.2f} MP in {seconds:.2f} s, from file to file")
    return outputs


def made(place: Path, device: str, precision: str, target: str) -> dict[str, np.ndarray]:
    """Outputs of ``batch``, by name of the input."""
    engine = nircolor.EngineConfig(device=device, precision=precision)  # type: ignore[arg-type]
    print(
        f"{device} {precision} batch:",
        nircolor.colorize_folder(place / "in", place / target, engine=engine, writing=FLOATS),
    )
    return {path.stem.removesuffix("_rgb"): tifffile.imread(path) for path in sorted((place / target).glob("*.tif"))}


class Watch:
    """What a run reports, and when it has had its time."""

    def __init__(self) -> None:
        self.stop, self.rates, self.begun = StopEvent(), list[float](), 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, TrainingReady):
            self.begun = time.monotonic()
            print(event, flush=True)
        elif isinstance(event, Losses):
            if event.stage == TRAINING:
                self.rates.append(event.images_per_second)
            print(f"{event.stage} step {event.step}: {event.images_per_second:.2f} images/s", flush=True)


def train(recipe: str, device: str, seconds: float, tiny: bool) -> int:
    """0 where a step was done."""
    config, watch = load_recipe(recipe, []), Watch()
    changes = ['sources=[{folder="."}]', "validation=[]", "texture.steps=20"]
    vgg = config.loss.vgg_weights or VGG
    if config.loss.feature and not Path(vgg).is_file():
        print(f"without the VGG term: no file {vgg} (run this in the repository's root)")
        changes.append("loss.feature=0")
    elif config.loss.feature:
        changes.append(f'loss.vgg_weights="{vgg}"')
    if tiny:
        widths = {name: len(getattr(config.model, name.split(".")[1]).widths) for name in NARROW}
        changes += [f"{name}={[8] * count}" for name, count in widths.items()]
        changes += ["augment.size=64", "optim.batch=2", "optim.steps=2"]
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(4 if tiny else 16):
            scene = render(seed, 256, 256)
            write_picture(Path(folder) / f"{seed}_nir.png", scene.nir, 8)
            write_picture(Path(folder) / f"{seed}_rgb.png", scene.rgb, 8)
        timer = Timer(seconds, watch.stop.set)
        timer.daemon = True
        timer.start()
        what = {"changes": changes, "machine": nircolor.Machine(device), "stop": watch.stop, "on_event": watch}
        run = nircolor.train(recipe, folder, Path(folder) / "run", **what)  # type: ignore[arg-type]
        timer.cancel()
    rates = watch.rates[1:] or watch.rates  # the first has what is compiled in it
    rate = f"{sum(rates) / len(rates):.2f} images/s" if rates else "too few for a rate"
    print(f"{recipe} on {device}: {run.step} steps, {rate}, {peak(device)}")
    return int(run.step == 0)


def peak(device: str) -> str:
    """Of memory: of the device, or of this process."""
    if device.startswith("cuda"):
        return f"peak {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB of the device"
    return f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB resident"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("pictures", "train"))
    parser.add_argument("recipe", nargs="?", default="haqagen")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args()
    if options.what == "pictures":
        return pictures(options.device, options.tiny)
    return train(options.recipe, options.device, options.seconds, options.tiny)


if __name__ == "__main__":
    sys.exit(main())
