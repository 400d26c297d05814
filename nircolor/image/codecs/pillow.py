"""JPEG and BMP files, both decoded and encoded by Pillow, with 8 bits.

For reading, the plugin classes are used directly: ``PIL.Image.open`` has a size limit of its own, set by a global
variable that is not ours to change, and would try its other plugins on damaged data.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from nircolor.errors import InputError
from nircolor.image.codecs import jpeg_check
from nircolor.image.info import ImageInfo
from nircolor.image.limits import check_size
from nircolor.image.metadata import jpeg as jpeg_metadata
from nircolor.image.metadata.exif import PREFIX, sane_resolution
from nircolor.image.raster import Raster, Request, Samples, choose_bands, only_page, pick
from nircolor.image.tone.icc import NO_PROFILE

# the most pixels that one stored byte can become
_JPEG = 4096  # progressive with optimised tables takes one bit for an empty 8 x 8 block: 512; arithmetic coding less
_BMP = 128  # run-length coding: 255 pixels in two bytes
_JPEG_DENSITY = 65535  # JFIF has 16 bits for pixels per inch


class _Jpeg(JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Nothing: EXIF is read elsewhere, and Pillow prints warnings about a damaged block."""


def decode_jpeg(stream: BinaryIO, request: Request) -> Raster:
    """Read a JPEG file (8 bits, grey or YCbCr), all of which has to be there. Raises ``InputError``."""
    only_page(request.page)
    data = stream.read()
    image = _Jpeg(io.BytesIO(data))
    if image.mode not in ("L", "RGB"):
        raise InputError(f"is a {image.mode} JPEG, made for print", remedy="convert it to grey first")
    _check_size(image, len(data), _JPEG)
    warning = jpeg_check.check(data)  # Pillow does not hand on what libjpeg warns about
    raster = _raster(image, "JPEG", request)
    raster.warnings += [warning] if warning else []
    raster.icc = _profile(image)
    raster.resolution = _jfif_resolution(image)
    raster.metadata = jpeg_metadata.read(image.applist, raster.exif)
    return raster


def decode_bmp(stream: BinaryIO, request: Request) -> Raster:
    """Read a BMP file (1 to 32 bits a pixel). Raises ``InputError``."""
    only_page(request.page)
    data = stream.read()
    image = BmpImageFile(io.BytesIO(data))
    _check_size(image, len(data), _BMP)
    _check_rows(image, len(data))
    raster = _raster(image, "BMP", request)
    raster.resolution = sane_resolution(*image.info.get("dpi", (0, 0)))
    return raster


def encode_jpeg(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3) uint8 at quality 95 without chroma subsampling (4:4:4): colour is what the picture is for."""
    options: dict[str, Any] = {"quality": 95, "subsampling": 0}
    if info.resolution and all(1 <= round(value) <= _JPEG_DENSITY for value in info.resolution):
        options["dpi"] = info.resolution
    if info.exif:
        options["exif"] = PREFIX + info.exif
    encoded = io.BytesIO()
    save(encoded, samples, "JPEG", icc_profile=info.icc, **options)
    stream.writelines(jpeg_metadata.write(encoded.getbuffer(), info.metadata))


def encode_bmp(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3) uint8, uncompressed."""
    save(stream, samples, "BMP", **({"dpi": info.resolution} if info.resolution else {}))


def save(stream: BinaryIO, samples: Samples, format: str, **options: Any) -> None:
    """Encoded in memory first: when Pillow itself writes to a full disk, the reason is lost."""
    encoded = io.BytesIO()
    Image.fromarray(samples).save(encoded, format, **options)
    stream.write(encoded.getbuffer())


def _check_rows(image: ImageFile, stored: int) -> None:
    """Pillow lets the padding of the last row be missing; a file that lost bytes is not to be trusted."""
    for tile in image.tile:
        if tile.codec_name == "raw" and isinstance(tile.args, tuple):
            stride = int(tile.args[1])
            if tile.offset + stride * image.height > stored:
                raise InputError("is truncated: the BMP has fewer rows than it says", remedy="get a fresh copy")


def _check_size(image: ImageFile, stored: int, pixels_per_byte: int) -> None:
    channels = len(image.getbands())
    check_size(*image.size, channels, stored, pixels_per_byte * channels)


def _raster(image: ImageFile, name: str, request: Request) -> Raster:
    pixels = _pixels(image)
    count = 1 if pixels.ndim == 2 else pixels.shape[2]
    bands = choose_bands(count, 3 if count == 4 else None, request.band)
    raster = Raster(name, *pick(pixels, bands), bands.alpha_band, peak=255.0)
    raster.icc, raster.exif = image.info.get("icc_profile"), image.info.get("exif")
    return raster


def _profile(image: JpegImageFile) -> bytes | None:
    """The ICC profile; Pillow keeps silent about one of which parts are missing."""
    whole = image.info.get("icc_profile")
    parts = any(name == "APP2" and content.startswith(b"ICC_PROFILE\0") for name, content in image.applist)
    return NO_PROFILE if whole is None and parts else whole


def _pixels(image: Image.Image) -> Samples:
    # 1 bit becomes 0 and 255; a palette becomes RGB, which is then grey or is refused like any other
    converted = {"1": "L", "P": "RGB", "PA": "RGBA"}.get(image.mode)
    return np.asarray(image.convert(converted) if converted else image)


def _jfif_resolution(image: Image.Image) -> tuple[float, float] | None:
    # not info["dpi"]: Pillow invents 72 where an EXIF block has none
    scale = {1: 1.0, 2: 2.54}.get(image.info.get("jfif_unit", 0))
    if scale is None:
        return None
    x, y = image.info["jfif_density"]
    return sane_resolution(x * scale, y * scale)
