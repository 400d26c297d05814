"""``python -m nircolor.scenes OUT_nir.png``: a near-infrared picture to try the colorizer on, without a camera."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from nircolor.errors import NircolorError, OutputExistsError, UsageError
from nircolor.scenes.files import check_target, write_picture
from nircolor.scenes.render import KINDS, render

_MOST_PIXELS = 2**25  # a scene is rendered in memory, in about 230 bytes a pixel


def _size(text: str) -> tuple[int, int]:
    """Width and height from "1024x768"."""
    match = re.fullmatch(r"([1-9]\d{0,6})x([1-9]\d{0,6})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size: write WIDTHxHEIGHT, such as 1024x768")
    width, height = int(match[1]), int(match[2])
    if width * height > _MOST_PIXELS:
        raise argparse.ArgumentTypeError(f"{text} is more than {_MOST_PIXELS} pixels: ask for fewer")
    return width, height


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nircolor.scenes", description="Render a landscape from a seed.")
    parser.add_argument("nir", type=Path, metavar="OUT_NIR", help="near-infrared picture to write (.png, .tif)")
    parser.add_argument("--rgb", type=Path, metavar="OUT_RGB", help="also write the same view in colour")
    parser.add_argument("--size", type=_size, default=(1024, 768), metavar="WxH", help="in pixels (1024x768)")
    parser.add_argument("--seed", type=int, default=4, help="another number, another place (%(default)s)")
    parser.add_argument("--kind", default="meadow", choices=("random", *KINDS), help="what to show (%(default)s)")
    parser.add_argument("--bits", type=int, default=8, choices=(8, 16), help="a sample (%(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there already")
    return parser


def _check(targets: list[Path], overwrite: bool) -> None:
    """Refuse before the work what could not be written after it."""
    if len({target.resolve() for target in targets}) < len(targets):
        raise UsageError(f"{targets[0]}: both pictures would go to this file: give --rgb another name")
    for target in targets:
        check_target(target)
        if target.exists() and not overwrite:
            raise OutputExistsError(f"{target} exists: give another name, or --overwrite to replace it")


def run(options: argparse.Namespace) -> None:
    """Render and write what the options ask for."""
    targets = [target for target in (options.nir, options.rgb) if target is not None]
    _check(targets, options.overwrite)
    width, height = options.size
    scene = render(options.seed, height, width, options.kind)
    for target, picture in zip(targets, (scene.nir, scene.rgb), strict=False):
        write_picture(target, picture, options.bits)
        print(f"{target}: {scene.kind}, seed {scene.seed}, {width} x {height}, {options.bits} bit")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code (see nircolor/errors.py)."""
    options = _parser().parse_args(arguments)
    try:
        run(options)
    except NircolorError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
