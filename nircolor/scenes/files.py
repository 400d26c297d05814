"""Scenes on disk: PNG and TIFF, 8 or 16 bits, written whole or not at all."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np

from nircolor.errors import OutputError, UsageError
from nircolor.files import atomic_file
from nircolor.scenes.camera import quantise
from nircolor.scenes.noise import Field

_TIFF = (".tif", ".tiff")


def check_target(path: Path) -> None:
    """Raise :class:`~nircolor.errors.UsageError` for a suffix that is no format of ours, and
    :class:`~nircolor.errors.OutputError` when nothing can be written there."""
    if path.suffix.lower() not in (".png", *_TIFF):
        raise UsageError(f"{path}: the name must end in .png, .tif or .tiff, which choose the format")
    if path.is_dir():
        raise OutputError(f"{path} is a folder: give the name of a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist: create it first")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: the folder {path.parent} is not writable: choose another one")


def write_picture(path: Path, picture: Field, bits: int) -> None:
    """Write (H, W) or (H, W, 3) values in [0, 1]; the suffix of ``path`` chooses the format. An existing file is
    replaced. Raises what :func:`check_target` raises, and OutputError when writing fails."""
    check_target(path)
    pixels = quantise(picture, bits)
    data = _tiff(pixels) if path.suffix.lower() in _TIFF else _png(pixels)
    with atomic_file(path, overwrite=True) as stream:
        stream.write(data)


def _png(pixels: np.ndarray) -> bytes:
    import cv2

    done, data = cv2.imencode(".png", pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    if not done:
        raise OutputError(f"a picture of {pixels.shape[1]} x {pixels.shape[0]} does not fit into PNG: write TIFF")
    return bytes(data.tobytes())


def _tiff(pixels: np.ndarray) -> bytes:
    import tifffile

    stream = BytesIO()
    photometric = "rgb" if pixels.ndim == 3 else "minisblack"
    tifffile.imwrite(stream, pixels, photometric=photometric, compression="deflate", predictor=True)
    return stream.getvalue()
