"""Every number and plot of docs/results.md, from weights and the development data.

python benchmarks/results.py OUT --lpips ../shared/perceptual/lpips_squeeze_v0.1.safetensors \
    --weights lite [--weights runs/h/weights.safetensors ...] [--data ../shared/data] [--plots docs/images]

Writes OUT/<set>.json, what `nircolor evaluate` says of each set (kept: a second call measures only what is not there),
OUT/results.md with the tables, and the plots.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

METRICS = {
    "psnr": "PSNR dB",
    "psnr_ev": "PSNR at best exposure",
    "ssim": "SSIM",
    "angle": "AE deg",
    "lpips-squeeze": "LPIPS-squeeze",
    "colour-ratio": "colour",
}
DIGITS = {"psnr": 2, "psnr_ev": 2, "ssim": 3, "angle": 2, "lpips-squeeze": 3, "colour-ratio": 2, "seam": 3}
Row = dict[str, Any]


@dataclass(frozen=True)
class Group:
    """Pictures of one kind in one set: a block of the table."""

    title: str
    folder: str
    split: str
    chosen: Callable[[str], bool] = lambda kind: True

    @property
    def file(self) -> str:
        return f"{self.folder}-{self.split}.json".replace("/", "-")


GROUPS = (
    Group("vcip2020 val", "vcip2020", "val"),
    Group("epfl val, natural", "epfl/val", "val", lambda kind: kind == "natural"),
    Group("epfl val, built and unknown", "epfl/val", "val", lambda kind: kind != "natural"),
    Group("naip val, aerial", "naip/val", "all"),
)
SEEN = (Group("vcip2020 train", "vcip2020", "train"), Group("epfl train", "epfl/train", "train"))
PRIORS = ("", " resize=256", " prior=tile tile=256 overlap=34")


def measure(options: argparse.Namespace, file: str, folder: str, split: str, words: list[str]) -> list[Row]:
    """The rows of one set, measured unless they are there."""
    path = options.out / file
    if not path.exists():
        line = [sys.executable, "-m", "nircolor", "evaluate", "--json", "--split", split, *words]
        line += ["--lpips-weights", str(options.lpips), str(options.data / folder)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        path.write_text(done.stdout, encoding="utf-8")
    rows: list[Row] = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return rows


def means(rows: list[Row], chosen: Callable[[str], bool], keys: list[str]) -> dict[str, dict[str, float]]:
    """Method -> metric -> mean over the pictures."""
    kept = [row for row in rows if chosen(row["kind"])]
    methods = dict.fromkeys(row["method"] for row in kept)
    return {
        method: {
            key: fmean(float(row[key]) for row in kept if row["method"] == method and row[key] is not None)
            for key in keys
        }
        for method in methods
    }


def short(method: str) -> str:
    """A method's name without folders and settings."""
    return method if " copy" in method else Path(method.split()[0]).stem


def table(title: str, blocks: dict[str, dict[str, dict[str, float]]], keys: list[str]) -> Iterator[str]:
    yield f"| {title} | method | " + " | ".join(METRICS.get(key, key) for key in keys) + " |"
    yield "|---" * (len(keys) + 2) + "|"
    for name, methods in blocks.items():
        for method, values in methods.items():
            yield f"| {name} | {method} | " + " | ".join(f"{values[key]:.{DIGITS[key]}f}" for key in keys) + " |"
            name = ""
    yield ""


def side_by_side(options: argparse.Namespace) -> dict[str, dict[str, dict[str, float]]]:
    words = [word for name in options.weights for word in ("--weights", name)]
    words += ["--baseline", "grey"]
    metrics = ["--metrics", "psnr,psnr_ev,ssim,angle,lpips,colour-ratio"]
    return {
        group.title: means(
            measure(options, group.file, group.folder, group.split, words + metrics), group.chosen, list(METRICS)
        )
        for group in GROUPS
    }


def priors(options: argparse.Namespace) -> dict[str, dict[str, dict[str, float]]]:
    """Ways to bring a whole picture's colours to full size, on pictures of 1 megapixel."""
    words = [word for how in PRIORS for word in ("--weights", f"{options.weights[0]}{how}")]
    words += ["--metrics", "psnr,lpips,seam"]
    rows = measure(options, "priors.json", "epfl/val", "val", words)
    found = means(rows, lambda kind: True, ["psnr", "lpips-squeeze"])
    for method, values in found.items():
        seams = [float(row["seam"]) for row in rows if row["method"] == method and row["seam"] is not None]
        values["seam"] = fmean(seams) if seams else float("nan")
    return {"epfl val": found}


def memory(options: argparse.Namespace) -> dict[str, dict[str, dict[str, float]]]:
    """Scores on what was trained on, to be held against those on what was not."""
    words = ["--weights", options.weights[0], "--metrics", "psnr,psnr_ev,ssim,angle,lpips,colour-ratio"]
    return {
        group.title: means(measure(options, group.file, group.folder, group.split, words), group.chosen, list(METRICS))
        for group in SEEN
    }


def plotter() -> Any:
    """``matplotlib.pyplot``, for SVG files that differ only where the numbers do."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "nircolor"
    from matplotlib import pyplot

    return pyplot


def plot(blocks: dict[str, dict[str, dict[str, float]]], folder: Path) -> None:
    """PSNR against LPIPS for every method, and the error of every method by kind of scene."""
    pyplot = plotter()
    methods = list(next(iter(blocks.values())))
    figure, axes = pyplot.subplots(1, len(blocks), figsize=(14, 3.6), layout="constrained")
    for axis, (title, values) in zip(axes, blocks.items(), strict=True):
        for method in methods:
            axis.plot(values[method]["lpips-squeeze"], values[method]["psnr"], "o", label=short(method))
        axis.set(title=title, xlabel="LPIPS-squeeze (left is better)", ylabel="PSNR dB (up is better)")
        axis.grid(alpha=0.3)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(methods))
    figure.savefig(folder / "frontier.svg", metadata={"Date": None})
    figure, axes = pyplot.subplots(1, 2, figsize=(12, 3.8), layout="constrained")
    for axis, key in zip(axes, ("psnr", "angle"), strict=True):
        width = 0.8 / len(methods)
        for i, method in enumerate(methods):
            places = [k + i * width for k in range(len(blocks))]
            axis.bar(places, [values[method][key] for values in blocks.values()], width, label=short(method))
        axis.set_xticks([k + 0.4 - width / 2 for k in range(len(blocks))], [t.replace(", ", "\n") for t in blocks])
        axis.set(ylabel=METRICS[key], ylim=(11, None) if key == "psnr" else (0, None))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(methods))
    figure.savefig(folder / "kinds.svg", metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", action="append", required=True)
    parser.add_argument("--lpips", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--plots", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    blocks = side_by_side(options)
    lines = [*table("set", blocks, list(METRICS))]
    lines += table("set", priors(options), ["psnr", "lpips-squeeze", "seam"])
    lines += table("trained on", memory(options), list(METRICS))
    (options.out / "results.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))
    if options.plots:
        plot(blocks, options.plots)


if __name__ == "__main__":
    main()
