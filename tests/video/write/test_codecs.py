"""Names of codecs, and what is offered for one that cannot be written."""

from __future__ import annotations

import pytest

from nircolor.errors import UsageError
from nircolor.video.write.codecs import CODECS, DEFAULTS, FORMATS, choose, named


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("h264", "h264"), ("H.264", "h264"), ("avc1", "h264"), ("AVC", "h264"), ("libx264", "h264"),
        ("h265", "h265"), ("HEVC", "h265"), ("H.265", "h265"), ("hvc1", "h265"),
        ("FFV1", "ffv1"), ("MJPG", "mjpeg"), ("mjpeg", "mjpeg"), ("mp4v", "mpeg4"), ("MPEG-4", "mpeg4"),
        ("VP90", "vp9"), ("vp9", "vp9"), ("ProRes", "prores"), ("AV1", "av1"), ("av01", "av1"),
    ],
)  # fmt: skip
def test_names_that_people_use(name: str, codec: str) -> None:
    assert named(name) is CODECS[codec]


def test_defaults_can_be_written() -> None:
    assert set(FORMATS) < set(DEFAULTS)
    for suffix, name in DEFAULTS.items():
        assert choose(None, suffix, lambda encoder: True) is CODECS[name]
    for codec in CODECS.values():
        assert all(near in CODECS for near in codec.near)


@pytest.mark.parametrize(
    ("name", "suffix", "lacking", "words"),
    [
        ("prores", ".mp4", (), "cannot be written into .mp4; use h264, or a file that ends in .mov or .mkv"),
        ("h264", ".webm", (), "into .webm; use vp9, or a file that ends in .mp4 or .mov or .mkv"),
        ("h264", ".avi", (), "`codec=h264`: cannot be written into .avi; use mpeg4, or a file that ends in "),
        ("hevc", ".mp4", ("libx265",), "`codec=hevc`: cannot be written by the FFmpeg that is here; use h264"),
        ("hevc", ".mp4", ("libx265", "libx264"), "`codec=hevc`: cannot be written by the FFmpeg that is here; use vp9"),
        (None, ".mp4", ("libx264",), "`codec=h264`: cannot be written by the FFmpeg that is here; use mpeg4"),
        ("h266", ".mp4", (), "`codec=h266`: no codec of this name is known: h264, h265, ffv1"),
        ("ffv2", ".webm", (), "av1; use vp9"),
        ("", ".mp4", (), "`codec=`: no codec of this name is known"),
        ("夜", ".mp4", (), "`codec=夜`: no codec of this name is known"),
    ],
)  # fmt: skip
def test_the_nearest_that_can_be_written_is_offered(
    name: str | None, suffix: str, lacking: tuple[str, ...], words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        choose(name, suffix, lambda encoder: encoder not in lacking)
    assert words in str(caught.value)


def test_pixel_formats_by_bits() -> None:
    assert [CODECS["ffv1"].pixels(bits) for bits in (8, 9, 10, 12, 14, 16)] == [
        "bgr0", "gbrp10le", "gbrp10le", "gbrp12le", "gbrp16le", "gbrp16le",
    ]  # fmt: skip
    assert [CODECS["h264"].pixels(bits) for bits in (8, 10, 16)] == ["yuv420p", "yuv420p10le", "yuv420p10le"]
    assert CODECS["mjpeg"].pixels(10) == "yuv420p"
