"""Grey is judged by how a picture is: what people call grey is read, what they call a colour picture is refused."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from image_files import pillow, png, tiff
from tiff_files import nodata

from nircolor.errors import ColourInputError, InputError, UsageError
from nircolor.image import read_nir
from nircolor.scenes import KINDS, quantise, render

NIR = quantise(render(3, 96, 128).nir, 8)
NOISE = np.random.default_rng(5)
BLOTCHES = np.kron(NOISE.normal(0, 3, (24, 32, 3)), np.ones((4, 4, 1)))


def grey(*, cast: tuple[int, int, int] = (0, 0, 0)) -> np.ndarray:
    return np.clip(np.dstack([NIR] * 3).astype(int) + cast, 0, 255).astype(np.uint8)


def logo(share: float, of: np.ndarray) -> np.ndarray:
    """A saturated square on so much of the picture."""
    side, marked = round((share * NIR.size) ** 0.5), of.copy()
    marked[:side, :side] = (230, 200, 20)
    return marked


NEARLY = {
    "cast of a camera": pillow("JPEG", grey(cast=(6, 0, -5)), quality=90),
    "the same without loss": png(grey(cast=(6, 0, -5))),
    "noise of a codec": pillow("JPEG", np.clip(grey() + BLOTCHES, 0, 255).astype(np.uint8), quality=90),
    "logo": pillow("JPEG", logo(0.01, grey()), quality=90),
    "clock": png(logo(0.04, grey())),
    "rounding of 16 bits": tiff(grey().astype(np.uint16) * 257 + NOISE.integers(0, 40, (96, 128, 3)).astype(np.uint16)),
    "floats": tiff(grey(cast=(3, 0, 0)).astype(np.float32) / 255, photometric="rgb"),
}


@pytest.mark.parametrize("kind", NEARLY)
def test_what_is_nearly_grey_is_read_and_said_in_one_line(kind: str) -> None:
    picture = read_nir(NEARLY[kind])
    assert [text.split(" (")[0] for text in picture.info.warnings] == ["its channels differ, but little"]
    plain = slice(30, None)  # below logo and clock
    assert np.abs(picture.pixels[plain] - NIR[plain] / 255).mean() < 0.02


@pytest.mark.parametrize("bits", [8, 16, 12])
@pytest.mark.parametrize("kind", KINDS)
def test_landscapes_in_colour_are_refused(kind: str, bits: int) -> None:
    rgb = quantise(render(7, 96, 128, kind).rgb, 8 if bits == 8 else 16)
    rgb = rgb >> 4 if bits == 12 else rgb  # in the lower part of 16: their differences are small, as the values are
    with pytest.raises(
        ColourInputError, match=r"is a colour picture: .*; take their luma with `grey=True`, or .*`band=1`, 2"
    ):
        read_nir(png(rgb))
    if bits == 8:
        with pytest.raises(ColourInputError):
            read_nir(pillow("JPEG", rgb, quality=75))


def test_the_rule_is_a_share_of_pixels() -> None:
    assert read_nir(png(logo(0.05, grey()))).info.warnings
    with pytest.raises(ColourInputError):
        read_nir(png(logo(0.08, grey())))
    assert read_nir(png(grey(cast=(15, 0, 0)))).info.warnings
    with pytest.raises(ColourInputError):
        read_nir(png(grey(cast=(18, 0, 0))))


def test_what_nobody_sees_does_not_count() -> None:
    hidden = np.dstack([logo(0.3, grey()), np.full_like(NIR, 255)])
    with pytest.raises(ColourInputError):
        read_nir(png(hidden))
    hidden[..., 3][(hidden[..., :3] == (230, 200, 20)).all(2)] = 0
    assert read_nir(png(hidden)).alpha is not None
    dark = quantise(render(7, 96, 128).rgb, 16) >> 4
    dark[:20] = 65535  # as bright as can be, and transparent
    with pytest.raises(ColourInputError):
        read_nir(png(np.dstack([dark, np.where(np.arange(96)[:, None] < 20, 0, np.full((96, 128), 65535, np.uint16))])))


@pytest.mark.parametrize("bits", [8, 16])
def test_pixels_without_data_say_nothing_about_colour(bits: int) -> None:
    frame = np.ones((96, 128), bool)
    frame[40:56, 40:88] = False  # 6 % of the picture are left
    coloured = quantise(render(7, 96, 128).rgb, bits)
    for value in ("0", str(2**bits - 1)):  # the greatest would count for white, too
        data = nodata(np.where(frame[..., None], int(value), coloured).astype(coloured.dtype), value, photometric="rgb")
        with pytest.raises(ColourInputError):
            read_nir(data)


def test_grey_takes_the_luma_of_anything() -> None:
    rgb = quantise(render(7, 96, 128).rgb, 8)
    expected = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    picture = read_nir(png(rgb), grey=True)
    assert picture.info.warnings == ()
    np.testing.assert_allclose(picture.pixels * 255, expected, atol=1)
    deep = read_nir(tiff(rgb.astype(np.float32) / 255, photometric="rgb"), grey=True)
    np.testing.assert_allclose(deep.pixels * 255, expected, atol=1)
    np.testing.assert_array_equal(read_nir(png(NIR), grey=True).pixels, read_nir(png(NIR)).pixels)
    with pytest.raises(UsageError, match="`grey` and `band`: one excludes the other"):
        read_nir(png(rgb), grey=True, band=1)


def test_near_infrared_marked_as_transparency_is_offered() -> None:
    scene = render(7, 96, 128)
    data = tiff(quantise(np.dstack([scene.rgb, scene.nir]), 8), photometric="rgb", extrasamples=["unassalpha"])
    with pytest.raises(ColourInputError, match=r"`band=1` to 4 \(4 is marked as transparency\)"):
        read_nir(data)
    assert read_nir(data, band=1).info.warnings == (
        "band 4 is taken as transparency, as the file says, but looks like a picture; `band=4` reads it",
    )
    picture = read_nir(data, band=4)
    assert (picture.alpha, picture.info.warnings) == (None, ())
    np.testing.assert_allclose(picture.pixels, quantise(scene.nir, 8) / 255, atol=1e-6)


def test_a_soft_mask_is_no_picture() -> None:
    edge = np.clip(np.linspace(-3, 4, 128) * 255, 0, 255).astype(np.uint8)
    mask = np.broadcast_to(edge, NIR.shape)
    assert read_nir(png(np.dstack([NIR, mask]))).info.warnings == ()
    assert read_nir(png(np.dstack([NIR, np.full_like(NIR, 128)]))).info.warnings == ()


def test_the_error_is_one_of_inputs_too() -> None:
    assert issubclass(ColourInputError, InputError)
    assert ColourInputError.exit_code == 3
