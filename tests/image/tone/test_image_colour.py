"""Whatever profile a file has, results look like the network's colours, which are sRGB; measured in CIELAB."""

from __future__ import annotations

import io
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from icc_files import ADOBE, PROPHOTO, REC2020, SRGB, Space, coded, grey_profile, light, scanner_profile, table_profile
from image_files import RAMP, RAMP16, RAMP_FLOAT, exif, pillow, rgb, tiff
from PIL import Image

from nircolor.image import ImageInfo, OutputPlan, losses, read_nir, read_rgb, write_rgb
from nircolor.image.tone.icc import srgb
from nircolor.scenes import render

PLAIN = Space(SRGB, None, 1024)
SPACES = {
    "ProPhoto": Space(PROPHOTO, 1.80078125),
    "linear Rec. 2020": Space(REC2020, 1.0),
    "linear sRGB": Space(SRGB, 1.0),
    "Adobe": Space(ADOBE, 2.19921875),
    "gamma 2.2": Space(SRGB, 2.19921875),
    "table": Space(ADOBE, None, 4096),
}
COLOURS = np.random.default_rng(0).random((40, 50, 3), np.float32) ** 2  # dark ones are the hardest


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """The largest distance in CIELAB."""
    return float(np.linalg.norm(one - other, axis=-1).max())


def samples(path: Path) -> np.ndarray:
    """(H, W, 3) in [0, 1], as they are stored, by a reader that is not ours."""
    if path.suffix == ".tif":
        pixels = tifffile.imread(path)
    else:
        pixels = imagecodecs.png_decode(path.read_bytes()) if path.suffix == ".png" else np.asarray(Image.open(path))
    return pixels.astype(np.float64) / (1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max)


def embedded(path: Path) -> bytes | None:
    if path.suffix != ".tif":
        return Image.open(path).info.get("icc_profile")
    with tifffile.TiffFile(path) as file:
        return file.pages[0].tags.valueof(34675)


def nir_file(space: Space, pixels: np.ndarray) -> bytes:
    """A 16-bit file of near-infrared greys under the profile of ``space``; sRGB greys ``pixels`` in [0, 1]."""
    stored = np.rint(coded(light(pixels, None), space.gamma) * 65535).astype(np.uint16)
    return tiff(rgb(stored), photometric="rgb", iccprofile=space.profile(), metadata=None)


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize(("suffix", "depth", "most"), [(".tif", 16, 0.1), (".tif", 32, 0.1), (".png", 16, 0.1)])
def test_what_is_written_looks_like_srgb(name: str, suffix: str, depth: int, most: float, tmp_path: Path) -> None:
    space, path = SPACES[name], tmp_path / f"x{suffix}"
    write_rgb(path, COLOURS, ImageInfo("TIFF", "uint16", icc=space.profile()), depth=depth)
    assert embedded(path) == space.profile()
    assert difference(space.looks(samples(path)), PLAIN.looks(COLOURS)) < (
        most if space.gamma != 1 or depth == 32 else 1
    )


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("suffix", [".tif", ".png", ".webp"])
def test_8_bits_look_like_srgb_too(name: str, suffix: str, tmp_path: Path) -> None:
    space, path = SPACES[name], tmp_path / f"x{suffix}"
    write_rgb(path, COLOURS, ImageInfo("TIFF", "uint8", icc=space.profile()))
    kept = embedded(path) == space.profile()
    assert kept == (space.gamma != 1)  # 255 steps are too few for a linear one
    assert kept or embedded(path) == srgb()
    shown = (space if kept else PLAIN).looks(samples(path))
    assert np.linalg.norm(shown - PLAIN.looks(COLOURS), axis=-1).mean() < 0.5


def test_a_scene_comes_out_alike_whatever_its_profile(tmp_path: Path) -> None:
    nir = render(3, 90, 120).nir

    def painted(grey: np.ndarray) -> np.ndarray:  # warm shadows, cold lights: a wrong tone is a wrong colour
        return np.dstack([grey**0.7, grey, grey**1.4])

    def shown(space: Space) -> np.ndarray:
        picture, path = read_nir(nir_file(space, nir)), tmp_path / "x.tif"
        write_rgb(path, painted(picture.pixels), picture.info, overwrite=True)
        return space.looks(samples(path))

    plain = shown(PLAIN)
    assert difference(plain, PLAIN.looks(painted(nir))) < 1
    assert np.linalg.norm(plain[..., 1:], axis=-1).mean() > 5  # there are colours
    for name, space in SPACES.items():
        assert difference(shown(space), plain) < 1, name


def test_a_profile_of_tables_is_used_too(tmp_path: Path) -> None:
    profile = table_profile(ADOBE, 2.19921875)
    write_rgb(tmp_path / "x.tif", COLOURS, ImageInfo("TIFF", "uint16", icc=profile))
    assert embedded(tmp_path / "x.tif") == profile
    shown = Space(ADOBE, 2.19921875).looks(samples(tmp_path / "x.tif"))
    assert np.linalg.norm(shown - PLAIN.looks(COLOURS), axis=-1).mean() < 1


@pytest.mark.parametrize("name", SPACES)
def test_the_network_sees_what_people_see(name: str) -> None:
    greys = np.random.default_rng(1).random((30, 40)) ** 2
    picture = read_nir(nir_file(SPACES[name], greys))
    assert picture.info.icc == SPACES[name].profile()
    np.testing.assert_allclose(picture.pixels, greys, atol=1 / 510)
    assert picture.info.warnings == ()


@pytest.mark.parametrize("gamma", [1.0, 1.80078125, 2.19921875, None])
def test_a_grey_profile_is_used_and_gives_way_to_srgb(gamma: float | None) -> None:
    greys = np.random.default_rng(1).random((30, 40)) ** 2
    stored = np.rint(coded(light(greys, None), gamma) * 65535).astype(np.uint16)
    picture = read_nir(tiff(stored, iccprofile=grey_profile(gamma), metadata=None))
    np.testing.assert_allclose(picture.pixels, greys, atol=1 / 510)
    assert (picture.info.icc, picture.info.warnings) == (srgb(), ())


@pytest.mark.parametrize("name", SPACES)
def test_a_colour_picture_is_read_as_srgb(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    write_rgb(path, COLOURS, ImageInfo("TIFF", "uint16", icc=SPACES[name].profile()))
    assert difference(PLAIN.looks(read_rgb(path).pixels), PLAIN.looks(COLOURS)) < 1


def test_16_bits_stay_16(tmp_path: Path) -> None:
    ramp = np.repeat(np.linspace(0.2, 0.21, 500, dtype=np.float32)[None, :, None], 3, axis=2)
    write_rgb(tmp_path / "x.tif", ramp, ImageInfo("TIFF", "uint16", icc=SPACES["ProPhoto"].profile()))
    assert np.unique(tifffile.imread(tmp_path / "x.tif")[..., 0]).size > 400


@pytest.mark.parametrize("profile", [None, PLAIN.profile(), srgb()])
def test_srgb_and_no_profile_change_no_value(profile: bytes | None, tmp_path: Path) -> None:
    for pixels in (RAMP, RAMP16, RAMP_FLOAT):
        plain = read_nir(tiff(rgb(pixels), photometric="rgb", metadata=None))
        tagged = read_nir(tiff(rgb(pixels), photometric="rgb", metadata=None, iccprofile=profile))
        np.testing.assert_array_equal(plain.pixels, tagged.pixels)
        assert tagged.info.icc == profile
    write_rgb(tmp_path / "plain.png", COLOURS, ImageInfo("PNG", "uint16"))
    write_rgb(tmp_path / "tagged.png", COLOURS, ImageInfo("PNG", "uint16", icc=profile))
    assert embedded(tmp_path / "tagged.png") == profile
    np.testing.assert_array_equal(samples(tmp_path / "plain.png"), samples(tmp_path / "tagged.png"))


def test_a_format_without_profiles_gets_srgb_values(tmp_path: Path) -> None:
    plan = OutputPlan("BMP", 8)
    for profile, lost in ((SPACES["ProPhoto"].profile(), True), (srgb(), False)):
        assert bool(losses(plan, ImageInfo("BMP", "uint8", icc=profile), False)) == lost
    write_rgb(tmp_path / "x.bmp", COLOURS, ImageInfo("TIFF", "uint8", icc=SPACES["ProPhoto"].profile()))
    np.testing.assert_array_equal(samples(tmp_path / "x.bmp"), np.rint(COLOURS * 255).astype(np.float64) / 255)


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (b"no profile", "is damaged"),
        (PLAIN.profile()[:200], "is damaged, or describes a device that only reads or only prints"),
        (PLAIN.profile().replace(b"RGB ", b"CMYK", 1), "is for 'CMYK' pictures"),
        (scanner_profile(), "is damaged, or describes a device that only reads or only prints"),
        (PLAIN.profile() + bytes(17 << 20), "is too large (178"),
    ],
)
def test_what_cannot_be_handled_gives_way_to_srgb_in_one_line(profile: bytes, reason: str, tmp_path: Path) -> None:
    picture = read_nir(tiff(RAMP, iccprofile=profile, metadata=None))
    (warning,) = picture.info.warnings
    assert warning.startswith(f"the ICC profile {reason}")
    assert warning.endswith("; the output gets an sRGB one")
    write_rgb(tmp_path / "x.tif", COLOURS, picture.info)
    assert embedded(tmp_path / "x.tif") == srgb()
    np.testing.assert_allclose(samples(tmp_path / "x.tif"), COLOURS, atol=0.51 / 255)


def test_a_camera_names_adobe_rgb_in_its_exif_only(tmp_path: Path) -> None:
    block = exif()
    block.get_ifd(0x8769)[0xA005] = {1: "R03"}
    greys = np.tile(np.linspace(0, 1, 256), (16, 1))
    stored = np.rint(coded(light(greys, None), 2.19921875) * 255).astype(np.uint8)
    picture = read_nir(pillow("JPEG", stored, exif=block, quality=100))
    assert np.abs(picture.pixels - greys).mean() < 0.01
    write_rgb(tmp_path / "x.png", COLOURS, picture.info, depth=16)
    assert difference(SPACES["Adobe"].looks(samples(tmp_path / "x.png")), PLAIN.looks(COLOURS)) < 1
    assert embedded(tmp_path / "x.png") == picture.info.icc != srgb()


def test_a_jpeg_that_lost_a_part_of_its_profile_is_told() -> None:
    data = pillow("JPEG", RAMP, icc_profile=PLAIN.profile() + bytes(70000))  # two segments
    place = data.index(b"ICC_PROFILE\0\2") - 4
    lost = data[:place] + data[place + 2 + int.from_bytes(data[place + 2 : place + 4], "big") :]
    assert read_nir(lost).info.warnings == ("the ICC profile is damaged; the output gets an sRGB one",)


def test_a_colour_picture_with_a_profile_of_another_kind_is_told() -> None:
    colours = np.dstack([RAMP, RAMP[::-1], RAMP])
    data = tiff(colours, photometric="rgb", iccprofile=grey_profile(2.2), metadata=None)
    assert read_rgb(data).warnings == (
        "the ICC profile is damaged or not for RGB pictures; the colours are taken for sRGB",
    )


def test_equal_inputs_give_equal_bytes() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    for stream in (first, second):
        write_rgb(stream, COLOURS, ImageInfo("PNG", "uint8", icc=grey_profile(1.0)))
    assert first.getvalue() == second.getvalue()


def test_equalised_pictures_are_the_same_under_every_profile() -> None:
    greys = np.random.default_rng(1).random((30, 40))
    plain = read_nir(nir_file(PLAIN, greys), equalize=True).pixels
    linear = read_nir(nir_file(SPACES["linear sRGB"], greys), equalize=True).pixels
    np.testing.assert_allclose(plain, linear, atol=0.01)


def test_a_linear_picture_is_not_taken_for_a_dark_one() -> None:
    greys = np.random.default_rng(1).random((30, 40)) * 0.5  # in light, up to 0.21
    assert read_nir(nir_file(SPACES["linear sRGB"], greys)).info.warnings == ()
    (warning,) = read_nir(nir_file(SPACES["linear sRGB"], greys / 4)).info.warnings
    assert "so the result is dark; add `range=0,1023`" in warning
