"""HAQAGen's ablations at a small scale: the network of `lite`, equal steps, one seed, validation scores side by side.

python benchmarks/ablation.py RUNS [--data ../shared/data] [--steps 240] [--only full,no-spade]

Each row is a run of its own in RUNS/<row>, made or resumed; the table at the end is of their last validation.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nircolor.events import Event
from nircolor.training.events import Losses, Scores
from nircolor.training.recipe_file import load_recipe
from nircolor.training.run_log import RunLog
from nircolor.training.trainer import Trainer

SCALE = (  # of every row: what a CPU can do in some minutes
    'preset="lite"',
    "model.equalize=false",
    'model.norm="channel"',
    "augment.size=64",
    "augment.min_view=0.5",
    "optim.batch=8",
    "optim.rate=6e-4",
    "optim.beta2=0.99",
    "optim.warmup=20",
    "optim.clip=1",
    "optim.ema=0.98",
    'optim.precision="bf16"',
    "texture.steps=300",
    "save_every=50",
)
ROWS = {
    "full": ("haqagen",),
    "full (seed 2)": ("haqagen", "seed=2"),
    "MSE + cosine": ("haqagen", "loss.beta=0", "loss.delta=0"),
    "no HSV-SPADE": ("haqagen", "model.spade=false"),
    "no padding tokens": ("haqagen", "model.vss.padding=false"),
}
COLUMNS = ("psnr", "ssim", "angle", "lpips-squeeze")


def run_row(name: str, folder: Path, data: Path, steps: int, lpips: Path) -> dict[str, float]:
    base, *changes = ROWS[name]
    scale = (f"optim.steps={steps}", f"validate_every={steps}", *SCALE)
    judge = ("best_by='lpips-squeeze'", f"loss.perceptual_weights='{lpips}'")
    trainer = Trainer(
        load_recipe(base, [*scale, *judge, *changes]), folder, data, resume=(folder / "checkpoint.safetensors").exists()
    )
    scores: dict[str, float] = {}
    with RunLog(folder, trainer.step, {"row": name}) as log:

        def observe(event: Event) -> None:
            log(event)
            if isinstance(event, Losses):
                print(f"{name}: {event.stage} {event.step}/{event.steps}, {event.images_per_second:.1f} images/s")
            elif isinstance(event, Scores):
                scores.update(event.values)

        trainer.train(observe)
    return scores or trainer.validate().scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--lpips", type=Path, default=Path("../shared/perceptual/lpips_squeeze_v0.1.safetensors"))
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--only", default=",".join(ROWS))
    options = parser.parse_args()
    found = {}
    for name in options.only.split(","):
        found[name] = run_row(name, options.runs / name.replace(" ", "-"), options.data, options.steps, options.lpips)
    print(f"\n| {options.steps} steps | " + " | ".join(COLUMNS) + " |\n" + "|---" * (len(COLUMNS) + 1) + "|")
    for name, scores in found.items():
        values = {key.rpartition("/")[2]: value for key, value in scores.items()}
        print(f"| {name} | " + " | ".join(f"{values[column]:.3f}" for column in COLUMNS) + " |")


if __name__ == "__main__":
    main()
