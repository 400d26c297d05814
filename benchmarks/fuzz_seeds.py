"""Sound files of every kind that nircolor reads, made by the project itself: what ``fuzz.py`` damages."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from nircolor.batch.entry import Row
from nircolor.scenes import quantise, render

Seeds = list[bytes]
SHAPE = (24, 40)


@cache
def picture(seed: int, bits: int = 8) -> NDArray[np.uint8 | np.uint16]:
    return quantise(render(seed, *SHAPE).nir, bits)


def pillow(image: NDArray[np.uint8], kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind, **options)
    return stream.getvalue()


def encoded(suffix: str, image: NDArray[np.uint8 | np.uint16], *options: int) -> bytes:
    return cv2.imencode(suffix, image, options)[1].tobytes()


def png() -> Seeds:
    grey, exif = picture(0), Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "camera"
    alpha = np.dstack([grey, grey, grey, np.full_like(grey, 200)])
    plain = [encoded(".png", grey), encoded(".png", picture(1, 16)), pillow(alpha, "PNG")]
    return [
        *plain,
        pillow(grey, "PNG", exif=exif, dpi=(300, 300)),
        pillow(grey > 99, "PNG"),
        pillow(grey, "PNG", bits=4),
    ]


def tiff() -> Seeds:
    grey, deep = picture(0), picture(1, 16)
    options: list[dict[str, object]] = [
        {}, {"compression": "lzw", "predictor": 2}, {"compression": "deflate"}, {"byteorder": ">"},
        {"tile": (16, 16)}, {"rowsperstrip": 5}, {"bigtiff": True}, {"photometric": "miniswhite"},
        {"extratags": [(42113, "s", 0, "0", True), (50714, "H", 1, 12, True)]},
    ]  # fmt: skip
    kinds = [deep, grey, deep, grey, deep, deep, grey, grey, deep]
    plain = [tagged(image, **chosen) for image, chosen in zip(kinds, options, strict=True)]
    floats = deep.astype(np.float32) / 65535
    return [
        *plain,
        tagged(floats),
        tagged(np.stack([grey, grey[::-1]])),
        tagged(np.dstack([grey] * 4), photometric="rgb"),
    ]


def tagged(image: NDArray[np.generic], **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, image, **options)
    return stream.getvalue()


def jpeg() -> Seeds:
    grey, exif = picture(0), Image.Exif()
    exif[0x0112] = 8
    forms: list[dict[str, object]] = [{}, {"progressive": True}, {"quality": 30, "optimize": True}, {"exif": exif}]
    restart = encoded(".jpg", grey, cv2.IMWRITE_JPEG_RST_INTERVAL, 2)
    return [*(pillow(grey, "JPEG", **form) for form in forms), pillow(np.dstack([grey] * 3), "JPEG"), restart]


def webp() -> Seeds:
    grey = np.dstack([picture(0)] * 3)
    alpha = np.dstack([grey, np.full(SHAPE, 128, np.uint8)])
    return [pillow(grey, "WEBP"), pillow(grey, "WEBP", lossless=True), pillow(alpha, "WEBP", lossless=True)]


def bmp() -> Seeds:
    return [pillow(picture(0), "BMP"), pillow(np.dstack([picture(1)] * 3), "BMP"), pillow(picture(2) > 99, "BMP")]


def video() -> Seeds:
    return [_film(suffix, codec) for suffix, codec in ((".mp4", "mp4v"), (".avi", "MJPG"), (".mkv", "FFV1"))]


def _film(suffix: str, codec: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/x{suffix}"
        writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*codec), 25, SHAPE[::-1])
        for number in range(4):
            writer.write(np.dstack([np.roll(picture(0), number, 1)] * 3))
        writer.release()
        return Path(path).read_bytes()


def weights() -> Seeds:
    """Small networks, one of them an ensemble."""
    import torch

    from nircolor.model import PRESETS, BranchConfig, Generator, VSSConfig
    from nircolor.weights import save

    branch = BranchConfig((8, 8), (0, 1), stride=2)
    config = replace(PRESETS["lite"], rgb=branch, prior=branch, vss=VSSConfig(state=2, head=8))
    torch.manual_seed(0)
    files = []
    for count in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            meta = {"config": config.to_dict(), "license": "CC0-1.0", "members": [{}] * count}
            save(f"{folder}/x.safetensors", Generator(config, count).state_dict(), meta)
            files.append(Path(f"{folder}/x.safetensors").read_bytes())
    return files


def recipe() -> Seeds:
    from nircolor.training.recipe_file import load_recipe, packaged_recipes

    texts = [path.read_bytes() for path in packaged_recipes().values()]
    return [*texts, json.dumps(load_recipe("lite").to_dict(), indent=1).encode()]


def manifest() -> Seeds:
    row = Row(
        "a.png", "a_rgb.png", "begun", 7, (7, 1, 2, 3), "ab", {"tile": 576, "band": None}, "cd", 9, 4, 3, 0.5, "now"
    )
    rows = [row, replace(row, status="done"), replace(row, status="failed", error="no", errno=28, warnings=("odd",))]
    return ["".join(f"{row.to_json()}\n" for row in rows).encode()]


def split() -> Seeds:
    return [
        b"id,split,scene,kind\na,train,s1,forest\nb,val,s2,town\nc/d,test,,\n",
        b"\xef\xbb\xbfSplit,ID\r\nTraining,x\r\n",
    ]


KINDS: dict[str, Callable[[], Seeds]] = {
    "PNG": png, "TIFF": tiff, "JPEG": jpeg, "WebP": webp, "BMP": bmp, "video": video,
    "weights": weights, "recipe": recipe, "manifest": manifest, "split": split,
}  # fmt: skip
