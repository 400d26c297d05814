"""Pairs for the recipe ``lite-taught``: photographs whose near-infrared is made, with colours that teachers agree on,
and real pairs whose references are levelled.

    python benchmarks/taught_pairs.py nir ../shared/scenery runs/nir-from-rgb/best.safetensors runs/taught/nir
    (each teacher: nircolor batch runs/taught/nir runs/taught/ONE --weights ... --suffix '' --format png)
    python benchmarks/taught_pairs.py mix ../shared/scenery runs/taught/nir runs/taught/pairs \\
        --teachers runs/taught/ONE runs/taught/TWO [--truth 0.3]
    python benchmarks/taught_pairs.py again PAIRS OUT --teachers ONE TWO [--shares 2 1] [--truth 0.3]
    python benchmarks/taught_pairs.py views OUT --pairs PAIRS [--times 6] [--turn]
        [--photographs ../shared/scenery] [--seed 5] (or --rendered 96 instead of --pairs PAIRS)
    python benchmarks/taught_pairs.py level RECIPE DATA FOLDER OUT --teachers ONE TWO --shares 0.67 0.33 [--truth 0.65]

``nir`` makes the near-infrared as training does. ``mix`` writes NAME_nir.png and NAME_rgb.png: the share ``--truth``
of the photograph, the rest the mean of what the teachers painted. A picture that a teacher lacks is left out.
``again`` does the same for a folder of NAME_nir.png and NAME_rgb.png that ``mix``, ``level`` or ``views`` wrote, where
``--shares`` says how much each teacher counts. ``views`` writes random views of such a folder, jittered as in
training, for teachers to paint: a network that learns from them learns the teachers' answers to the very pictures that
it sees. With ``--photographs``, made near-infrared is mixed with the photograph's red or luma four times in ten.

``level`` does what ``mix`` does for the pairs of a source of RECIPE. Each reference first gets the exposure (one gain
in linear light, to the power ``--strength``) that brings it nearest to what the teachers painted of its near-infrared,
ID.png: nobody can know how it was exposed, and a network that is asked for it remembers it. ``--sharp``: luma finer
than a Gaussian of 8 pixels is that of the photograph.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.datasets.listing import list_pictures
from nircolor.image import read_nir, read_rgb, write_rgb
from nircolor.training.augment import AugmentConfig, draw
from nircolor.training.made import NirMaker
from nircolor.training.pairs import RenderedPair, find_pairs
from nircolor.training.recipe_file import load_recipe


def photograph(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3), as training sees it."""
    rgb: NDArray[np.uint8] = np.rint(read_rgb(path).pixels * np.float32(255)).astype(np.uint8)
    return rgb


def make_nir(options: argparse.Namespace) -> None:
    maker = NirMaker(str(options.weights))
    options.out.mkdir(parents=True)
    for file in list_pictures(options.photographs).files:
        cv2.imwrite(str(options.out / f"{file.path.stem}.png"), maker(photograph(file.path)))


def mixed(truth: NDArray[Any], taught: list[NDArray[Any]], share: float, sharp: bool = False) -> NDArray[np.float32]:
    """``share`` of the truth and the mean of what was taught, (H, W, 3) in [0, 1]; ``sharp``: with all detail of the
    truth, since teachers are soft."""
    colours = share * truth + (1 - share) * np.mean(taught, axis=0)
    if sharp:
        colours = np.clip(colours + detail(truth) - detail(colours), 0, 1)
    return colours.astype(np.float32)


def detail(rgb: NDArray[Any]) -> NDArray[Any]:
    """(H, W, 3) in [0, 1] -> (H, W, 1), what its luma holds that is finer than some 20 pixels."""
    luma = (rgb @ np.array([0.299, 0.587, 0.114])).astype(np.float32)
    fine: NDArray[Any] = luma - cv2.GaussianBlur(luma, (0, 0), 8, borderType=cv2.BORDER_REFLECT)
    return fine[..., None]


def mix(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True)
    for file in list_pictures(options.photographs).files:
        name = f"{file.path.stem}.png"
        painted = [folder / name for folder in options.teachers]
        if all(path.exists() for path in painted):
            taught = [read_rgb(path).pixels for path in painted]
            colours = mixed(read_rgb(file.path).pixels, taught, options.truth, options.sharp)
            write_rgb(options.out / f"{file.path.stem}_rgb.png", colours, depth=8)
            shutil.copyfile(options.nir / name, options.out / f"{file.path.stem}_nir.png")


def mix_again(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True)
    for nir in sorted(options.pairs.glob("*_nir.png")):
        name = nir.name.removesuffix("_nir.png")
        taught = [read_rgb(folder / f"{name}.png").pixels for folder in options.teachers]
        taught = [np.average(taught, axis=0, weights=options.shares)]
        colours = mixed(read_rgb(options.pairs / f"{name}_rgb.png").pixels, taught, options.truth)
        write_rgb(options.out / f"{name}_rgb.png", colours, depth=8)
        shutil.copyfile(nir, options.out / nir.name)


VIEW = AugmentConfig(
    size=192,
    min_view=0.45,
    stretch=0.3,
    max_zoom=1.0,
    gamma=0.3,
    gain=0.25,
    contrast=0.2,
    noise=0.02,
    blur=0.8,
    overlays=0.04,
)


def write_views(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True)
    rng = np.random.default_rng(options.seed)
    for name, nir, rgb in _rendered(options.rendered) if options.rendered else _written(options.pairs):
        if options.photographs and rng.random() < 0.4:
            nir = mixed_with_grey(nir, photograph(options.photographs / f"{name}.jpg"), rng)
        for number in range(options.times):
            view = draw(nir, rgb, VIEW, rng, options.turn)
            write_grey(options.out / f"{name}_{number}_nir.png", view.view_nir)
            write_rgb(options.out / f"{name}_{number}_rgb.png", view.view_rgb, depth=8)


def _written(folder: Path) -> Iterator[tuple[str, NDArray[np.uint8], NDArray[np.uint8]]]:
    for path in sorted(folder.glob("*_nir.png")):
        name = path.name.removesuffix("_nir.png")
        yield name, photograph(path)[..., 0], photograph(path.with_name(f"{name}_rgb.png"))


def _rendered(count: int) -> Iterator[tuple[str, NDArray[np.uint8], NDArray[np.uint8]]]:
    for seed in range(count):
        nir, rgb = RenderedPair(seed, VIEW.size).load()
        yield f"rendered_{seed:03d}", nir.astype(np.uint8), rgb.astype(np.uint8)


def write_grey(path: Path, grey: NDArray[Any]) -> None:
    """(H, W) in [0, 1], of 8 bits."""
    cv2.imwrite(str(path), np.rint(grey * np.float32(255)).astype(np.uint8))


def mixed_with_grey(nir: NDArray[Any], rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Made near-infrared is too much alike; 0.1 to 0.8 of the photograph's red, or of its luma, makes it less so."""
    grey = rgb[..., 0] if rng.random() < 0.5 else cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    share = rng.uniform(0.1, 0.8)
    both: NDArray[np.uint8] = np.rint((1 - share) * nir + share * grey.astype(np.float32)).astype(np.uint8)
    return both


def gain_towards(truth: NDArray[Any], taught: NDArray[Any]) -> float:
    """The gain in linear light that brings ``truth`` nearest to ``taught``, both (H, W, 3) sRGB in [0, 1]."""
    gains = np.exp(np.linspace(np.log(0.35), np.log(2.8), 27))
    light, aim = to_linear(truth[::3, ::3]), taught[::3, ::3]
    errors = [float(((to_srgb(light * gain) - aim) ** 2).mean()) for gain in gains]
    return float(gains[int(np.argmin(errors))])


def to_linear(srgb: NDArray[Any]) -> NDArray[Any]:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: NDArray[Any]) -> NDArray[Any]:
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def level(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True)
    (source,) = (source for source in load_recipe(options.recipe).sources if source.folder == options.folder)
    for pair in find_pairs(source, options.data):
        painted = [read_rgb(folder / f"{pair.id}.png").pixels for folder in options.teachers]
        taught = np.average(painted, axis=0, weights=options.shares)
        truth = read_rgb(pair.rgb).pixels
        levelled = to_srgb(to_linear(truth) * gain_towards(truth, taught) ** options.strength)
        colours = mixed(levelled, [taught], options.truth, options.sharp)
        write_rgb(options.out / f"{pair.id}_rgb.png", colours, depth=8)
        write_grey(options.out / f"{pair.id}_nir.png", read_nir(pair.nir).pixels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("nir")
    making.add_argument("photographs", type=Path)
    making.add_argument("weights", type=Path)
    making.add_argument("out", type=Path)
    making.set_defaults(run=make_nir)
    mixing = commands.add_parser("mix")
    mixing.add_argument("photographs", type=Path)
    mixing.add_argument("nir", type=Path)
    mixing.add_argument("out", type=Path)
    mixing.add_argument("--teachers", type=Path, nargs="+", required=True)
    mixing.add_argument("--truth", type=float, default=0.3)
    mixing.add_argument("--sharp", action="store_true")
    mixing.set_defaults(run=mix)
    again = commands.add_parser("again")
    again.add_argument("pairs", type=Path)
    again.add_argument("out", type=Path)
    again.add_argument("--teachers", type=Path, nargs="+", required=True)
    again.add_argument("--shares", type=float, nargs="+")
    again.add_argument("--truth", type=float, default=0.3)
    again.set_defaults(run=mix_again)
    viewing = commands.add_parser("views")
    viewing.add_argument("out", type=Path)
    viewing.add_argument("--pairs", type=Path)
    viewing.add_argument("--rendered", type=int, default=0)
    viewing.add_argument("--times", type=int, default=1)
    viewing.add_argument("--turn", action="store_true")
    viewing.add_argument("--photographs", type=Path)
    viewing.add_argument("--seed", type=int, default=5)
    viewing.set_defaults(run=write_views)
    levelling = commands.add_parser("level")
    levelling.add_argument("recipe")
    levelling.add_argument("data", type=Path)
    levelling.add_argument("folder")
    levelling.add_argument("out", type=Path)
    levelling.add_argument("--teachers", type=Path, nargs="+", required=True)
    levelling.add_argument("--shares", type=float, nargs="+", required=True)
    levelling.add_argument("--truth", type=float, default=0.65)
    levelling.add_argument("--sharp", action="store_true")
    levelling.add_argument("--strength", type=float, default=0.9)
    levelling.set_defaults(run=level)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
