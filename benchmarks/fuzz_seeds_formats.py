"""Sound files of the formats beyond those of the web: codecs of boxes, Netpbm, NumPy, OpenEXR, camera raw."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
from fuzz_seeds import Seeds, picture, pillow, tagged
from PIL import Image


def jpeg2000() -> Seeds:
    grey, deep = picture(0), picture(1, 16)
    options = [(grey, "jp2"), (deep, "j2k"), (np.dstack([grey] * 4), "jp2"), (np.dstack([deep] * 3), "j2k")]
    return [bytes(imagecodecs.jpeg2k_encode(image, level=0, codecformat=kind)) for image, kind in options]


def jpeg_xl() -> Seeds:
    grey, deep = picture(0), picture(1, 16)
    floats = deep.astype(np.float32) / 65535
    images = [grey, deep, floats, np.dstack([grey] * 3), np.dstack([deep] * 4)]
    lossy = imagecodecs.jpegxl_encode(np.dstack([grey] * 3), distance=1.0, usecontainer=True)
    return [*(bytes(imagecodecs.jpegxl_encode(image, lossless=True)) for image in images), bytes(lossy)]


def avif() -> Seeds:
    grey, exif = picture(0), Image.Exif()
    exif[0x0112] = 6
    ten = (picture(1, 16) >> 6).astype(np.uint16)
    deep = [imagecodecs.avif_encode(image, level=90, bitspersample=10) for image in (ten, np.dstack([ten] * 4))]
    return [*map(bytes, deep), bytes(imagecodecs.avif_encode(grey, level=90)), pillow(grey, "AVIF", exif=exif)]


def heif() -> Seeds:
    import pillow_heif

    files = []
    for image, mode in ((picture(0), "L"), (np.dstack([picture(0)] * 4), "RGBA"), (picture(1, 16), "I;16")):
        stream = io.BytesIO()
        frame = pillow_heif.from_bytes(mode=mode, size=image.shape[1::-1], data=image.tobytes())
        frame.save(stream, quality=90)
        files.append(stream.getvalue())
    return files


def netpbm() -> Seeds:
    grey, deep = picture(0), picture(1, 16)
    height, width = grey.shape
    size = b"%d %d\n" % (width, height)
    plain = b" ".join(b"%d" % value for value in grey.ravel())
    pam = b"WIDTH %d\nHEIGHT %d\nDEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n" % (width, height)
    return [
        b"P5\n# made\n" + size + b"255\n" + grey.tobytes(),
        b"P6\n" + size + b"65535\n" + np.dstack([deep] * 3).astype(">u2").tobytes(),
        b"P2\n" + size + b"255\n" + plain,
        b"P4\n" + size + np.packbits(grey > 99, axis=1).tobytes(),
        b"P7\n" + pam + np.dstack([grey, grey]).tobytes(),
        b"Pf\n" + size + b"-1.0\n" + (grey / 255).astype("<f4").tobytes(),
    ]


def numpy_array() -> Seeds:
    grey, deep = picture(0), picture(1, 16)
    files = []
    for array in (grey, deep, np.dstack([grey] * 3), np.asfortranarray(deep), deep / 65535):
        stream = io.BytesIO()
        np.save(stream, array)
        files.append(stream.getvalue())
    return files


def openexr() -> Seeds:
    import OpenEXR

    light, files = picture(1, 16).astype(np.float32) / 65535, []
    kinds = (
        ({"Y": light.astype(np.float16)}, OpenEXR.ZIP_COMPRESSION),
        ({"RGBA": np.dstack([light] * 4)}, OpenEXR.PIZ_COMPRESSION),
        ({"Y": light}, OpenEXR.NO_COMPRESSION),
    )
    for channels, compression in kinds:
        with tempfile.TemporaryDirectory() as folder:
            header = {"compression": compression, "type": OpenEXR.scanlineimage}
            with OpenEXR.File(header, channels) as file:
                file.write(f"{folder}/x.exr")
            files.append(Path(f"{folder}/x.exr").read_bytes())
    return files


def raw() -> Seeds:
    """DNG of a Bayer sensor, plain and packed."""
    mosaic = np.tile(picture(1, 16) >> 4, (3, 3))[:64, :96].astype(np.uint16)
    matrix = (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1)
    tags = [
        (50706, 1, 4, b"\1\4\0\0", True), (33421, 3, 2, (2, 2), True), (33422, 1, 4, b"\0\1\1\2", True),
        (50714, 3, 1, 64, True), (50717, 3, 1, 4095, True), (50721, 10, 9, matrix, True), (50708, 2, 0, "x", True),
    ]  # fmt: skip
    options = ({}, {"tile": (32, 32)}, {"byteorder": ">"})
    return [tagged(mosaic, photometric="cfa", metadata=None, extratags=tags, **more) for more in options]


def tiff_codecs() -> Seeds:
    """TIFFs whose strips or tiles are pictures of their own."""
    grey, colours = picture(0), np.dstack([picture(0)] * 3)
    options = [
        (grey, {"compression": "lerc"}), (picture(1, 16), {"compression": "lerc", "tile": (16, 16)}),
        (grey, {"compression": "jpeg2000"}), (grey, {"compression": "jpegxl", "tile": (16, 16)}),
        (colours, {"compression": "webp", "photometric": "rgb"}),
        (grey, {"compression": "lerc", "compressionargs": {"compression": "zstd"}}),
    ]  # fmt: skip
    return [tagged(image, **more) for image, more in options]


KINDS: dict[str, Callable[[], Seeds]] = {
    "JPEG 2000": jpeg2000, "JPEG XL": jpeg_xl, "AVIF": avif, "HEIF": heif, "Netpbm": netpbm, "NumPy": numpy_array,
    "OpenEXR": openexr, "raw": raw, "TIFF codecs": tiff_codecs,
}  # fmt: skip
