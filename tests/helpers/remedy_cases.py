"""Commands that are refused, and what their errors say to do instead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from cli_tools import save

from nircolor.scenes import quantise, render

SCENE = render(7, 48, 64)
NIR, RGB = quantise(SCENE.nir, 8), quantise(SCENE.rgb, 8)
BGR = np.ascontiguousarray(RGB[..., ::-1])
FOUR = np.dstack([RGB, NIR])
_NAME = '<Item name="DESCRIPTION" sample="{}" role="description">{}</Item>'
_NAMES = "".join(_NAME.format(*item) for item in enumerate(("Red", "Green", "Blue", "NIR (842 nm)")))
NAMES = (42112, 2, 0, f"<GDALMetadata>{_NAMES}</GDALMetadata>", True)


def film(path: Path, frames: list[np.ndarray]) -> None:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    if not writer.isOpened():
        pytest.skip("this OpenCV cannot write MJPG")
    for frame in frames:
        writer.write(frame if frame.ndim == 3 else np.dstack([frame] * 3))
    writer.release()


def files(place: Path) -> None:
    """All that the commands of the table are about."""
    save(place / "nir.png", NIR)
    save(place / "rgb.png", BGR)
    tifffile.imwrite(place / "four.tif", FOUR, photometric="rgb", extrasamples=["unspecified"])
    (place / "named").mkdir()
    for name in (place / "named.tif", place / "named" / "a.tif"):
        tifffile.imwrite(name, FOUR, photometric="minisblack", planarconfig="contig", extratags=[NAMES])
    tifffile.imwrite(place / "rgbn.tif", FOUR, photometric="rgb", extrasamples=["unassalpha"])
    jpegs = b"".join(cv2.imencode(".jpg", frame)[1].tobytes() for frame in (NIR, NIR[::-1]))
    (place / "raw.mjpeg").write_bytes(jpegs)
    film(place / "rgb.avi", [NIR, BGR])
    film(place / "nir.avi", [NIR, NIR])
    for folder, pictures in FOLDERS.items():
        (place / folder).mkdir()
        for name, pixels in pictures.items():
            save(place / folder / name, pixels)
    pages(place / "pages.tif")
    (place / "stack").mkdir()
    for number in (1, 2):
        pages(place / "stack" / f"f{number}.tif")
    (place / "photo").write_bytes((place / "nir.png").read_bytes())


def pages(path: Path) -> None:
    with tifffile.TiffWriter(path) as writer:
        for page in (NIR, NIR[::-1]):
            writer.write(page, metadata=None, photometric="minisblack")


FOLDERS = {
    "frames": {"f1.png": NIR, "f2.png": NIR},
    "mixed": {"f1.png": NIR, "f2.png": BGR},
    "sizes": {"f1.png": NIR, "f2.png": np.ascontiguousarray(NIR[:20])},
    "two": {"left1.png": NIR, "right1.png": NIR},
    "alike": {"a.png": NIR, "a.tif": NIR},
}


@dataclass(frozen=True)
class Case:
    """A command that is refused, words of its remedy, and commands that follow it."""

    wrong: str
    words: str
    right: tuple[str, ...]
    before: str = ""


CASES = [
    Case("colorize rgb.png", "take their luma with --grey", ("colorize rgb.png --grey",)),
    Case("colorize rgb.png", "--band 1, 2 or 3", tuple(f"colorize rgb.png --band {n} --overwrite" for n in (1, 2, 3))),
    Case(
        "colorize rgbn.tif", "--band 1 to 4", tuple(f"colorize rgbn.tif --band {n} --overwrite" for n in (1, 2, 3, 4))
    ),
    Case("colorize rgbn.tif", "luma with --grey", ("colorize rgbn.tif --grey",)),
    Case("colorize four.tif", "with --band 1 to 4", tuple(f"colorize four.tif --band {n} --overwrite" for n in (1, 4))),
    Case("colorize four.tif --band 5", "choose --band 1 to 4", ("colorize four.tif --band 4",)),
    Case(
        "colorize named.tif",
        "say which one is near-infrared with --band 1 to 4; --band 4 seems to be it",
        ("colorize named.tif --band 4", "colorize named.tif --band nir --overwrite"),
    ),
    Case(
        "colorize named.tif --band swir",
        "its bands are 1 Red, 2 Green, 3 Blue, 4 NIR (842 nm); choose one by its name, or --band 1 to 4",
        ("colorize named.tif --band NIR", "colorize named.tif --band 842nm --overwrite"),
    ),
    Case("colorize nir.png --band nir", "leave --band out", ("colorize nir.png",)),
    Case("batch named out --band 0", "--band 0: bands count from 1", ("batch named out --band nir --resume",)),
    Case("colorize four.tif --grey", "--band 1 to 4", ("colorize four.tif --band 4",)),
    Case(
        "colorize rgb.png --grey --band 1",
        "leave",
        ("colorize rgb.png --grey", "colorize rgb.png --band 1 --overwrite"),
    ),
    Case(
        "colorize pages.tif",
        "choose one with --page 1 to 2",
        tuple(f"colorize pages.tif --page {n} --overwrite" for n in (1, 2)),
    ),
    Case("colorize pages.tif --page 3", "choose one with --page 1 to 2", ("colorize pages.tif --page 2",)),
    Case("colorize nir.png --page 2", "leave --page out", ("colorize nir.png",)),
    Case("colorize raw.mjpeg", "give the file to nircolor video", ("video raw.mjpeg",)),
    Case(
        "colorize frames",
        "use nircolor batch (nircolor video for frames)",
        ("batch frames made", "video frames -o other"),
    ),
    Case(
        "colorize nir.png",
        "choose another name or add --overwrite",
        ("colorize nir.png -o other.png", "colorize nir.png --overwrite"),
        "colorize nir.png",
    ),
    Case("colorize nir.png -o nir.png --overwrite", "choose another name", ("colorize nir.png -o new.png",)),
    Case(
        "colorize nir.png -o x.tif --format png",
        "leave --format out or change the name",
        ("colorize nir.png -o x.tif", "colorize nir.png -o x.png --format png"),
    ),
    Case(
        "colorize nir.png -o x.abc",
        "or add --format",
        ("colorize nir.png -o x.abc --format tiff", "colorize nir.png -o x.webp"),
    ),
    Case(
        "colorize nir.png --depth 32",
        "--depth 8 or --depth 16",
        ("colorize nir.png --depth 8", "colorize nir.png --depth 16 --overwrite"),
    ),
    Case("colorize nir.png -q -v", "leave one out", ("colorize nir.png -q", "colorize nir.png -v --overwrite")),
    Case("video nir.png", "is one picture; use nircolor colorize", ("colorize nir.png",)),
    Case("video rgb.avi", "--colour-inputs copy", ("video rgb.avi --colour-inputs copy --overwrite",)),
    Case("video rgb.avi", "take their luma with --grey", ("video rgb.avi --grey --overwrite",)),
    Case("video rgb.avi", "--band 1, 2 or 3", tuple(f"video rgb.avi --band {n} --overwrite" for n in (1, 2, 3))),
    Case("video mixed", "--colour-inputs copy", ("video mixed --colour-inputs copy --overwrite",)),
    Case("video stack", "choose one with --page 1 to 2", ("video stack --page 2",)),
    Case("video nir.avi --page 2", "leave --page out", ("video nir.avi",)),
    Case("video frames -o x.avi", "such as --fps 25", ("video frames -o x.avi --fps 25",)),
    Case("video frames --fps 25", "leave it out", ("video frames",)),
    Case("video nir.avi -o y --codec FFV1", "leave it out", ("video nir.avi -o y",)),
    Case("video nir.avi --codec ZZZZ", "use mjpeg", ("video nir.avi --codec mjpeg",)),
    Case("video sizes", "or use nircolor batch", ("batch sizes out",)),
    Case("video two", "or use nircolor batch", ("batch two out",)),
    Case(
        "video nir.avi",
        "choose another name or add --overwrite",
        ("video nir.avi -o z.avi", "video nir.avi --overwrite"),
        "video nir.avi",
    ),
    Case(
        "video frames",
        "choose another name or add --overwrite",
        ("video frames -o z", "video frames --overwrite"),
        "video frames",
    ),
    Case(
        "video nir.avi --smooth 0.5 --prior tile",
        "leave one of the two out",
        ("video nir.avi --smooth 0.5", "video nir.avi --prior tile --overwrite"),
    ),
    Case(
        "video rgb.avi --grey --colour-inputs copy",
        "leave one out",
        ("video rgb.avi --grey", "video rgb.avi --colour-inputs copy --overwrite"),
    ),
    Case("batch nir.png out", "to colorize one picture use nircolor colorize", ("colorize nir.png",)),
    Case("batch mixed out", "--colour-inputs copy", ("batch mixed out --resume --colour-inputs copy",)),
    Case("batch mixed out", "take their luma with --grey", ("batch mixed out --resume --grey",)),
    Case("batch mixed out", "--band 1, 2 or 3", ("batch mixed out --resume --include f2.png --band 2",)),
    Case(
        "batch mixed out --colour-inputs copy --format tiff",
        "leave --format and --depth out, or",
        ("batch mixed other --colour-inputs copy", "batch mixed out --format tiff --resume --colour-inputs colorize"),
    ),
    Case(
        "batch mixed out --band 1 --grey",
        "leave it out, or both",
        ("batch mixed out --grey", "batch mixed other --include f2.png --band 1"),
    ),
    Case(
        "batch frames out",
        "--overwrite, --skip-existing or --resume, or choose",
        (
            *tuple(f"batch frames out --{word}" for word in ("overwrite", "skip-existing", "resume")),
            "batch frames other",
        ),
        "batch frames out",
    ),
    Case(
        "batch frames frames --suffix ''",
        "choose another folder or a --suffix",
        ("batch frames out --suffix ''", "batch frames frames --suffix _x"),
    ),
    Case(
        "batch frames out --resume --overwrite",
        "leave one out",
        ("batch frames out --resume", "batch frames out --overwrite"),
    ),
]
