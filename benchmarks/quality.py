"""Validation scores of weights, protocol srgb8: the saved 8-bit picture at native size, mean of per-image values.

    python benchmarks/quality.py ../shared/data [--weights lite] [--prior global] [--tile 256] [--lpips FILE] [--grey]

Sets: vcip2020 val, epfl val (natural; built and unknown), naip val. SSIM is scikit-image's default 7 x 7, the angular
error is in degrees, LPIPS is lpips-squeeze v0.1. ``--grey`` measures the grey copy instead. ``--save`` keeps the
pictures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from nircolor.colorizer import Colorizer
from nircolor.datasets import Pair, open_dataset
from nircolor.evaluation.metrics import angular_error, psnr, ssim
from nircolor.loss.lpips import Lpips
from nircolor.tiling import Tiling
from nircolor.training.pairs import load_pair


def validation_sets(data: Path) -> dict[str, list[Pair]]:
    sets = {name: list(open_dataset(data / name, split="val").pairs) for name in ("vcip2020", "epfl", "naip")}
    return {
        "vcip2020 val": sets["vcip2020"],
        "epfl val natural": [pair for pair in sets["epfl"] if pair.kind == "natural"],
        "epfl val built and unknown": [pair for pair in sets["epfl"] if pair.kind != "natural"],
        "naip val": sets["naip"],
    }


def scores(rgb: np.ndarray, truth: np.ndarray, lpips: Lpips | None) -> list[float]:
    a, b = rgb.astype(np.float32) / 255, truth.astype(np.float32) / 255
    row = [psnr(a, b), ssim(a, b), angular_error(a, b)]
    if lpips is not None:
        with torch.inference_mode():
            row.append(lpips(*(torch.from_numpy(x).permute(2, 0, 1)[None] for x in (a, b))).item())
    chroma = [float(np.mean(x.max(2) - x.min(2))) for x in (a, b)]
    return [*row, chroma[0] / max(chroma[1], 1e-6)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", default="lite")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--prior", default="global", choices=["global", "tile"])
    parser.add_argument("--tile", type=int, default=Tiling().tile)
    parser.add_argument("--overlap", type=int, default=Tiling().overlap)
    parser.add_argument("--lpips", type=Path, help="safetensors file of the LPIPS-squeeze weights")
    parser.add_argument("--grey", action="store_true")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--sets", nargs="*", help="only these sets, by the start of their names")
    options = parser.parse_args()
    tiling = Tiling(options.tile, options.overlap)
    engine = None if options.grey else Colorizer.from_weights(
        options.weights, precision=options.precision, tiling=tiling, prior=options.prior)  # fmt: skip
    lpips = Lpips(options.lpips) if options.lpips else None
    print(
        "set                          n   PSNR   SSIM  angle" + ("  LPIPS-squeeze" if lpips else "") + "  chroma ratio"
    )
    for name, pairs in validation_sets(options.data).items():
        if options.sets and not any(name.startswith(start) for start in options.sets):
            continue
        rows = []
        for pair in pairs:
            nir, truth = load_pair(pair)
            rgb = np.repeat(nir[..., None], 3, 2) if engine is None else engine.colorize(nir)
            rows.append(scores(rgb, truth, lpips))
            if options.save:
                options.save.mkdir(parents=True, exist_ok=True)
                strip = np.concatenate([np.repeat(nir[..., None], 3, 2), rgb, truth], 1)
                cv2.imwrite(str(options.save / f"{name.split()[0]}_{pair.id}.png"), strip[..., ::-1])
        mean = np.mean(rows, 0)
        cells = f"{mean[0]:6.2f} {mean[1]:6.3f} {mean[2]:6.2f}" + (f" {mean[3]:14.4f}" if lpips else "")
        print(f"{name:27} {len(pairs):3} {cells} {mean[-1]:13.2f}", flush=True)


if __name__ == "__main__":
    main()
