"""From the averaged weights of a run to weights that are shipped: calibration folded in, described, float32.

python -m nircolor.training.finish RUN/weights.safetensors OUT.safetensors [--brightness X] [--prior-size N] [...]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from torch import Tensor

from nircolor import weights
from nircolor.errors import UsageError

HEAD = "rgb_branch.head."


def scale_brightness(state: dict[str, Tensor], factor: float) -> dict[str, Tensor]:
    """Weights whose RGB is ``factor`` times as bright, exactly: for the affine head rgb = nir (1 + gain) + offset.

    gain becomes factor (1 + gain) - 1, and offset factor times offset. Raises UsageError for another head.
    """
    weight, bias = state[f"{HEAD}weight"] * factor, state[f"{HEAD}bias"] * factor
    if len(bias) != 6:
        raise UsageError("brightness can be folded into the affine head only")
    bias[:3] += factor - 1  # the first three channels are the gains
    return {**state, f"{HEAD}weight": weight, f"{HEAD}bias": bias}


def finish(run_weights: Path, out: Path, brightness: float, sizes: dict[str, int]) -> None:
    """Write ``out``; recipe and step of the run stay in the metadata, the calibration joins them."""
    loaded = weights.load(run_weights)
    meta = dict(loaded.meta)
    config = {**meta["config"], **sizes}  # type: ignore[dict-item]
    meta |= {"config": config, "brightness": brightness, "license": "research and education; see weights/README.md"}
    weights.save(out, scale_brightness(loaded.state, brightness), meta)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--brightness", type=float, default=1.0, help="factor that removes a bias measured on validation"
    )
    parser.add_argument("--prior-size", type=int, help="side of the square that bounds what G_B sees at inference")
    parser.add_argument("--paint-size", type=int, help="likewise for G_A, whose gains and offsets are then enlarged")
    options = parser.parse_args()
    sizes = {"prior_size": options.prior_size, "paint_size": options.paint_size}
    finish(options.run_weights, options.out, options.brightness, {k: v for k, v in sizes.items() if v is not None})


if __name__ == "__main__":
    main()
