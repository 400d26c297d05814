"""Cloud-Optimized GeoTIFF: a plain TIFF becomes one by way of GDAL, which makes the overviews and puts all in order."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from nircolor.files import folder_in
from nircolor.image.geo import gdal_guard

_CODECS = {"none": "NONE", "lzw": "LZW"}  # deflate for all others


def rewrite(stream: BinaryIO, compression: str) -> None:
    """Replace the whole TIFF in ``stream``, which can be read, written and sought, by a Cloud-Optimized GeoTIFF.

    ``compression``: see ``ImageInfo``. Overviews are averages, in which transparent pixels do not count. Beside a file
    with a name lies a temporary folder meanwhile. Raises ``OSError``, and what rasterio raises.
    """
    name = getattr(stream, "name", None)
    if isinstance(name, str):
        stream.flush()
        with folder_in(Path(name).parent) as folder:
            _rewrite(stream, Path(name), folder / "cog.tif", compression)
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, "plain.tif")
        with plain.open("wb") as copy:
            stream.seek(0)
            shutil.copyfileobj(stream, copy)
        _rewrite(stream, plain, Path(folder, "cog.tif"), compression)


def _rewrite(stream: BinaryIO, plain: Path, cog: Path, compression: str) -> None:
    import rasterio
    from rasterio.shutil import copy

    codec = _CODECS.get(compression, "DEFLATE")
    options = {"compress": codec, "blocksize": 512, "overview_resampling": "AVERAGE", "bigtiff": "IF_SAFER"}
    if codec != "NONE":
        options["predictor"] = "YES"
    with rasterio.Env(**gdal_guard.settings(plain)):
        copy(gdal_guard.name_of(plain), gdal_guard.name_of(cog), driver="COG", **options)
    stream.seek(0)
    stream.truncate()
    with cog.open("rb") as made:
        shutil.copyfileobj(made, stream)
