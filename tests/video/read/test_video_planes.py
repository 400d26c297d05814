"""Samples of frames: each stored value becomes the grey, or the colour, that it stands for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from av_films import FULL, LIMITED, av, av_film, stored

from nircolor.errors import ColourInputError
from nircolor.picture import Reading, Stretch
from nircolor.video.read.av_source import AvSource, near_infrared
from nircolor.video.read.planes import orientation_of, planes_of

RAMPS = [
    ("ffv1", "gray", 0, True),
    ("ffv1", "gray", LIMITED, False),
    ("ffv1", "gray10le", 0, True),
    ("ffv1", "gray16le", 0, True),
    ("ffv1", "yuv420p", 0, False),
    ("ffv1", "yuv420p", FULL, True),
    ("ffv1", "yuv422p10le", LIMITED, False),
    ("ffv1", "yuv444p12le", FULL, True),
    ("ffv1", "yuv420p16le", LIMITED, False),
    ("libx264", "yuv420p", LIMITED, False),
    ("libx264", "yuv420p", FULL, True),
    ("libx264", "yuv420p10le", LIMITED, False),
    ("libx264", "yuv420p10le", FULL, True),
    ("libx264", "gray", FULL, True),
]


def first(path: Path, reading: Reading | None = None) -> np.ndarray:
    return next(AvSource(path, reading or Reading()).frames()).image.pixels


@pytest.mark.parametrize(("codec", "pix", "colour_range", "full"), RAMPS)
def test_ramps(tmp_path: Path, codec: str, pix: str, colour_range: int, full: bool) -> None:
    bits = av.VideoFormat(pix, 2, 2).components[0].bits
    black, white = (0, (1 << bits) - 1) if full else (16 << bits - 8, 235 << bits - 8)
    ramp = np.linspace(black, white, 1024).round().astype(np.uint8 if bits == 8 else np.uint16)
    path = av_film(tmp_path / "x.mkv", [stored(np.tile(ramp, (16, 1)), pix)], codec, pix, colour_range=colour_range)
    source = AvSource(path)
    assert source.stream.track
    assert (source.stream.track.bits, source.stream.track.full_range) == (bits, full)
    image = next(source.frames()).image
    assert image.info.dtype == ("uint8" if bits == 8 else "uint16")
    expected = (ramp.astype(np.float64) - black) / (white - black)
    assert np.abs(image.pixels - expected).max() < 1e-6  # a level is at least 1 / 65535


def test_what_lies_beyond_the_limits_is_black_or_white_without_a_word(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (16, 1))
    path = av_film(tmp_path / "x.mkv", [stored(ramp, "yuv420p")], "ffv1", colour_range=LIMITED)
    image = next(AvSource(path).frames()).image
    assert image.info.warnings == ()
    np.testing.assert_allclose(image.pixels[0], np.clip((np.arange(256) - 16) / 219, 0, 1), atol=1e-6)
    whole = first(path, Reading(Stretch.between(0, 255)))  # a file that says limited, and is not
    np.testing.assert_allclose(whole[0], np.arange(256) / 255, atol=1e-6)


@pytest.mark.parametrize(
    "pix",
    [
        "yuyv422",
        "nv12",
        "ya8",
        "rgb24",
        "bgr0",
        "gray16be",
        "yuva444p",
        "p010le",
        "monow",
        "gbrp10le",
        "rgb48le",
    ],
)
def test_formats_that_are_packed(pix: str) -> None:
    """As swscale understands them, to a level of theirs."""
    ramp = np.tile(np.arange(256, dtype=np.uint8), (16, 1))
    if pix == "monow":
        ramp = np.where(ramp < 128, 0, 255).astype(np.uint8)
    planes = planes_of(av.VideoFrame.from_ndarray(ramp, format="gray").reformat(format=pix))
    assert planes.shape == (16, 256)
    read = near_infrared(planes, Reading()).pixels
    assert np.abs(read * 255 - ramp).max() < 255 / 219 + 0.01


def test_a_palette_of_greys() -> None:
    palette = np.full((256, 4), 255, np.uint8)
    palette[:, 1:] = np.arange(255, -1, -1)[:, np.newaxis]
    numbers = np.tile(np.arange(256, dtype=np.uint8), (16, 1))
    read = near_infrared(planes_of(av.VideoFrame.from_ndarray((numbers, palette), format="pal8")), Reading()).pixels
    np.testing.assert_allclose(read * 255, 255 - numbers, atol=1e-4)


@pytest.mark.parametrize(("number", "rows"), [(1, 64), (5, 64), (9, 64), (2, 64), (2, 720)])
@pytest.mark.parametrize("colour_range", [LIMITED, FULL])
def test_colours_by_their_matrix(number: int, rows: int, colour_range: int) -> None:
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (rows // 16, 6, 3), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    matrix = number if number != 2 else (1 if rows >= 720 else 5)
    made = av.VideoFrame.from_ndarray(blocks, format="rgb24")
    frame = made.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range=colour_range)
    frame.colorspace, frame.color_range = number, colour_range
    planes = planes_of(frame)
    inner = np.s_[4::16, 4::16]  # away from edges, over which chroma bleeds
    assert np.abs(planes.rgb()[inner] * 255 - blocks[inner]).max() < 3
    assert np.abs(planes.rgb_samples()[inner].astype(int) - blocks[inner]).max() <= 3
    with pytest.raises(ColourInputError):
        near_infrared(planes, Reading())
    red = near_infrared(planes, Reading(band=1)).pixels
    assert np.abs(red[inner] * 255 - blocks[inner][..., 0]).max() < 3
    luma = near_infrared(planes, Reading(colours="colorize")).pixels
    black, white = planes.levels
    np.testing.assert_allclose(
        luma, np.clip((planes.samples[0].astype(float) - black) / (white - black), 0, 1), atol=1e-6
    )


def test_noise_of_chroma_is_no_colour() -> None:
    luma = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    frame = stored(luma, "yuv420p")
    noise = np.random.default_rng(0).normal(128, 0.8, (frame.planes[1].height, frame.planes[1].line_size))
    frame.planes[1].update(noise.round().astype(np.uint8).tobytes())
    image = near_infrared(planes_of(frame), Reading())
    np.testing.assert_allclose(image.pixels, np.clip((luma - 16.0) / 219, 0, 1), atol=1e-6)
    assert image.info.warnings == ()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_and_mirrors(tmp_path: Path, orientation: int) -> None:
    from nircolor.image.orient import upright

    matrices = [
        (1, 0, 0, 1),
        (-1, 0, 0, 1),
        (-1, 0, 0, -1),
        (1, 0, 0, -1),
        (0, 1, 1, 0),
        (0, 1, -1, 0),
        (0, -1, -1, 0),
        (0, -1, 1, 0),
    ]
    a, b, c, d = (value << 16 for value in matrices[orientation - 1])
    picture = np.random.default_rng(0).integers(0, 256, (16, 32), dtype=np.uint8)

    def turn(stream: object) -> None:
        stream.set_display_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30))  # type: ignore[attr-defined]

    path = av_film(tmp_path / "x.mov", [picture], colour_range=FULL, setup=turn)
    source = AvSource(path)
    expected = upright(picture, orientation)
    assert (source.stream.height, source.stream.width) == expected.shape
    np.testing.assert_allclose(next(source.frames()).image.pixels * 255, expected, atol=1e-3)


def test_an_odd_angle_is_told(tmp_path: Path) -> None:
    path = av_film(
        tmp_path / "x.mov", [np.zeros((16, 32), np.uint8)], setup=lambda stream: stream.set_display_rotation(-80)
    )
    source = AvSource(path)
    assert (source.stream.height, source.stream.width) == (32, 16)
    assert source.stream.warnings == ["its metadata turn it by an odd angle: it is turned by the nearest right one"]
    assert orientation_of(stored(np.zeros((4, 4), np.uint8))) == (1, True)
