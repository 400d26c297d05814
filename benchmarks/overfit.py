"""Can the network learn eight rendered pairs with every loss on? PSNR of the pairs it was trained on, as it goes.

python benchmarks/overfit.py [--steps 700] [--perceptual ../shared/perceptual]
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile
import torch

from nircolor import scenes
from nircolor.events import Event
from nircolor.model import Generator
from nircolor.training.events import Losses
from nircolor.training.recipe import Recipe
from nircolor.training.recipe_file import parse_recipe
from nircolor.training.trainer import Trainer

SIDE, PAIRS = 64, 8


def recipe(steps: int, perceptual: Path) -> Recipe:
    """Every loss of both papers and of ours at once; flips are the only augmentation."""
    loss = {
        "pixel": 4.0, "blurred": 0.5, "angular": 1.0, "prior": 0.5, "mse": 100.0, "feature": 0.3,
        "feature_on_hsv": True, "ms_ssim": 0.1, "adversarial": 0.01, "perceptual": 0.02,
        "perceptual_weights": str(perceptual / "lpips_squeeze_v0.1.safetensors"),
        "vgg_weights": str(perceptual / "vgg19_distilled16x_relu5_1.safetensors"),
    }  # fmt: skip
    still = {"min_view": 1, "stretch": 0, "max_zoom": 1, "gamma": 0, "gain": 0, "noise": 0, "size": SIDE}
    model = {
        "head": "sigmoid", "paint_size": 0, "fusion_width": 48,
        "rgb": {"widths": [48, 96, 96], "blocks": [0, 0, 1], "stride": 1},
    }  # fmt: skip
    optim = {"steps": steps, "batch": 8, "rate": 2e-3, "warmup": 20, "ema": 0.9, "weight_decay": 0, "precision": "bf16"}
    values = {"preset": "lite", "sources": [{"folder": "."}], "model": model, "augment": still, "loss": loss}
    return parse_recipe({**values, "texture": {"steps": 100}, "optim": optim, "save_every": 100_000})


def write_pairs(folder: Path) -> None:
    for seed in range(PAIRS):
        scene = scenes.render(seed, SIDE, SIDE)
        tifffile.imwrite(folder / f"{seed}_nir.tif", scenes.quantise(scene.nir, 8))
        tifffile.imwrite(folder / f"{seed}_rgb.tif", scenes.quantise(scene.rgb, 8), photometric="rgb")


def psnr(trainer: Trainer, folder: Path) -> float:
    """Mean over the pairs of the averaged weights' 8-bit pictures."""
    network = Generator(trainer.recipe.model)
    network.load_state_dict(trainer.ema.state)
    values = []
    for seed in range(PAIRS):
        nir, truth = (tifffile.imread(folder / f"{seed}_{kind}.tif") / np.float32(255) for kind in ("nir", "rgb"))
        with torch.inference_mode():
            rgb = network.eval()(torch.from_numpy(nir)[None, None])[0][0].clamp(0, 1).permute(1, 2, 0).numpy()
        error = np.square(np.rint(rgb * 255) / 255 - truth).mean()
        values.append(-10 * np.log10(error))
    return float(np.mean(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--perceptual", type=Path, default=Path("../shared/perceptual"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pairs(folder)
        trainer = Trainer(recipe(options.steps, options.perceptual), folder / "run", folder)
        start = time.monotonic()

        def observe(event: Event) -> None:
            seconds = time.monotonic() - start
            if isinstance(event, Losses) and event.stage == "training" and event.step % 50 < 20:
                terms = {key: round(value, 4) for key, value in event.values.items()}
                print(f"{event.step} {seconds:.0f} s {psnr(trainer, folder):.2f} dB {json.dumps(terms)}", flush=True)

        trainer.train(observe)
        seconds = time.monotonic() - start
        print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads")
        print(f"step {trainer.step}, {seconds:.0f} s: {psnr(trainer, folder):.2f} dB on the {PAIRS} pairs")


if __name__ == "__main__":
    main()
