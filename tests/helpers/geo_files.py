"""GeoTIFF files as rasterio, that is GDAL, writes and sees them."""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_files import tiff

from nircolor.image import read_nir, write_rgb

UTM = "EPSG:32633"


def rasterio() -> Any:
    """The package, or a skipped test."""
    for module in ("control", "rpc", "shutil", "transform"):
        pytest.importorskip(f"rasterio.{module}", reason="needs nircolor[geo]: rasterio is not installed")
    return importlib.import_module("rasterio")


def north_up(left: float = 500_000, top: float = 5_000_000, side: float = 0.5) -> Any:
    return rasterio().transform.from_origin(left, top, side, side)


def geotiff(path: Path, pixels: np.ndarray, **profile: Any) -> Path:
    """(H, W) or (bands, H, W) ``pixels`` with a place on the map, unless ``profile`` says otherwise."""
    bands = pixels if pixels.ndim == 3 else pixels[np.newaxis]
    options = {"driver": "GTiff", "crs": UTM, "transform": north_up(), **profile}
    count, height, width = bands.shape
    with rasterio().open(path, "w", count=count, height=height, width=width, dtype=bands.dtype, **options) as file:
        file.write(bands)
    return path


@contextmanager
def seen(data: Path | bytes) -> Iterator[Any]:
    """A file as GDAL opens it."""
    if isinstance(data, Path):
        with rasterio().open(data) as file:
            yield file
    else:
        with rasterio().MemoryFile(data) as memory, memory.open() as file:
            yield file


def through(source: Path | bytes, **options: Any) -> bytes:
    """What becomes of a file that is read and written as grey RGB."""
    picture, stream = read_nir(source), io.BytesIO()
    write_rgb(stream, np.dstack([picture.pixels] * 3), picture.info, alpha=picture.alpha, **options)
    return stream.getvalue()


def tagged(pixels: np.ndarray, *tags: tuple[int, int, tuple[Any, ...] | bytes], **options: Any) -> bytes:
    """A TIFF with extra ``tags``: number, kind, values."""
    return tiff(pixels, metadata=None, extratags=[(tag, kind, len(v), v, True) for tag, kind, v in tags], **options)
