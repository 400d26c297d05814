"""AVIF in and out, and HEIF in, which shares its boxes."""

from __future__ import annotations

import importlib.util
import io

import imagecodecs
import numpy as np
import pytest
from format_files import SMOOTH, SMOOTH16, avif, heif
from image_files import SRGB, exif, exif_bytes, pillow, rgb
from PIL import Image

from nircolor.errors import InputError
from nircolor.image import ImageInfo, losses, plan_output, read_nir, write_rgb
from nircolor.image.orient import upright
from nircolor.image.tone import icc

COLOUR = np.dstack([SMOOTH, SMOOTH[::-1], SMOOTH[:, ::-1]]).astype(np.float32) / 255
with_heif = pytest.mark.skipif(importlib.util.find_spec("pillow_heif") is None, reason="pillow-heif is not installed")


def written(info: ImageInfo, depth: int, alpha: np.ndarray | None = None) -> bytes:
    stream = io.BytesIO()
    write_rgb(stream, COLOUR, info, depth=depth, format="avif", alpha=alpha)
    return stream.getvalue()


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_depth_is_kept(bits: int, channels: int) -> None:
    stored = (SMOOTH16 >> (16 - bits)).astype(np.uint8 if bits == 8 else np.uint16)
    opaque = np.full_like(stored, 2**bits - 1)
    opaque[0, 0] = 0  # libavif leaves out what is opaque everywhere
    pixels = stored if channels == 1 else np.dstack([stored] * 3 + [opaque] * (channels - 3))
    picture = read_nir(avif(pixels, bits))
    assert (picture.info.format, picture.info.bits) == ("AVIF", None if bits == 8 else bits)
    assert picture.info.dtype == ("uint8" if bits == 8 else "uint16")
    assert (picture.alpha is not None) == (channels == 4)
    np.testing.assert_allclose(picture.pixels, stored / (2**bits - 1), atol=1e-6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_are_applied_once(orientation: int) -> None:
    data = pillow("AVIF", rgb(SMOOTH), quality=100, subsampling="4:4:4", exif=exif(orientation))
    picture = read_nir(data)
    np.testing.assert_allclose(picture.pixels, upright(SMOOTH, orientation) / 255, atol=1e-6)
    assert read_nir(written(picture.info, 8), grey=True).info.exif == picture.info.exif


def test_a_profile_is_kept() -> None:
    assert read_nir(pillow("AVIF", rgb(SMOOTH), quality=100, icc_profile=SRGB)).info.icc == SRGB


@pytest.mark.parametrize("curve", [16, 18], ids=["PQ", "HLG"])
def test_a_transfer_curve_that_is_not_used_is_told(curve: int) -> None:
    data = avif(SMOOTH16 >> 6, 10, primaries=9, transfer=curve, matrix=9)
    (warning,) = read_nir(data).info.warnings
    assert warning.startswith(f"its colour space (nclx 9, {curve}) is left out of account")


@pytest.mark.parametrize(("depth", "bits", "kept"), [(8, None, 8), (16, 10, 10), (16, 12, 12), (16, None, 12)])
@pytest.mark.parametrize("profile", [None, icc.adobe()], ids=["srgb", "adobe"])
@pytest.mark.parametrize("block", [None, exif_bytes()], ids=["bare", "exif"])
@pytest.mark.parametrize("alpha", [None, COLOUR[:, :, 0].copy()], ids=["opaque", "alpha"])
def test_outputs_keep_profile_exif_and_alpha(
    depth: int, bits: int | None, kept: int, profile: bytes | None, block: bytes | None, alpha: np.ndarray | None
) -> None:
    data = written(ImageInfo("AVIF", "uint16", icc=profile, exif=block, bits=bits), depth, alpha)
    with Image.open(io.BytesIO(data)) as image:  # another program than ours
        image.load()
        assert image.size == SMOOTH.shape[::-1]
        assert image.info.get("icc_profile") == profile
        assert image.getexif().get(271) == (block and "Maker of cameras")
        assert image.mode == ("RGB" if alpha is None else "RGBA")
    stored = imagecodecs.avif_decode(data)
    assert stored.max() <= 2**kept - 1
    expected = COLOUR if profile is None else icc.from_srgb(profile)(COLOUR)
    assert np.abs(stored[:, :, :3] / (2**kept - 1) - expected).mean() < 0.01
    read = read_nir(data, grey=True).info
    assert (read.icc, read.exif, read.bits) == (profile, block, None if kept == 8 else kept)


def test_more_than_12_bits_are_told_to_be_lost() -> None:
    deep = ImageInfo("TIFF", "uint16")
    assert losses(plan_output(None, deep, format="avif"), deep, False) == (
        "AVIF cannot hold all 16 bits of a channel, but 12 of them: it is not kept",
    )
    of_ten = ImageInfo("AVIF", "uint16", bits=10)
    assert losses(plan_output(None, of_ten), of_ten, False) == ()
    assert losses(plan_output(None, deep, format="avif", depth=8), deep, False) == ()


def test_boxes_that_lie_are_refused() -> None:
    data = avif(SMOOTH)
    place = data.index(b"ispe") + 8
    with pytest.raises(InputError, match=r"is 99999 x 99999 pixels .* above the limit"):
        read_nir(data[:place] + (99_999).to_bytes(4, "big") * 2 + data[place + 8 :])
    with pytest.raises(InputError, match="describes no picture"):
        read_nir(data.replace(b"meta", b"junk"))


def test_an_animation_is_refused() -> None:
    frames = [Image.fromarray(rgb(np.roll(SMOOTH, step))) for step in range(3)]
    stream = io.BytesIO()
    frames[0].save(stream, "AVIF", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match="is an animation; extract one picture first"):
        read_nir(stream.getvalue())


# --- HEIF -------------------------------------------------------------------------------------------------------------


@with_heif
@pytest.mark.parametrize(("twelve", "bits"), [(False, 10), (True, 12)])
def test_heif_of_10_and_12_bits_keeps_them(twelve: bool, bits: int) -> None:
    picture = read_nir(heif(SMOOTH16, "I;16", twelve))
    assert (picture.info.format, picture.info.dtype, picture.info.bits) == ("HEIF", "uint16", bits)
    assert np.abs(picture.pixels - SMOOTH16 / 65535).max() < 1 / (2**bits - 1)


@with_heif
def test_heif_of_8_bits_with_alpha_and_exif() -> None:
    for pixels, mode in ((SMOOTH, "L"), (rgb(SMOOTH), "RGB"), (np.dstack([SMOOTH] * 3 + [SMOOTH[::-1]]), "RGBA")):
        picture = read_nir(heif(pixels, mode, exif=b"Exif\0\0" + exif_bytes()))
        assert (picture.info.dtype, picture.info.exif) == ("uint8", exif_bytes())
        assert np.abs(picture.pixels - SMOOTH / 255).max() < 2 / 255
        assert (picture.alpha is not None) == (mode == "RGBA")


@with_heif
def test_heif_is_turned_once() -> None:
    picture = read_nir(heif(rgb(SMOOTH), "RGB", exif=b"Exif\0\0" + exif_bytes(6)))
    assert picture.pixels.shape == SMOOTH.shape[::-1]
    assert np.abs(picture.pixels - upright(SMOOTH, 6) / 255).max() < 2 / 255
