"""Videos that PyAV writes: every codec in every container of the table, its levels, shape and metadata."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

av = pytest.importorskip("av")
resource = pytest.importorskip("resource", reason="the system cannot limit the size of files")

from av_tools import decoded, ramp, samples, save, stream_of, times, track  # noqa: E402

from nircolor.errors import OutputError, UsageError  # noqa: E402
from nircolor.video.write import yuv  # noqa: E402
from nircolor.video.write.codecs import CODECS, FORMATS  # noqa: E402
from nircolor.video.write.sink import open_file  # noqa: E402

LOSSLESS = "ffv1"
EVERY = [(codec.name, suffix) for codec in CODECS.values() for suffix in codec.suffixes if suffix in FORMATS]


@pytest.mark.parametrize(("codec", "suffix"), EVERY)
def test_every_codec_in_every_container(tmp_path: Path, codec: str, suffix: str) -> None:
    path, pictures = tmp_path / f"day{suffix}", [ramp() * np.float32(0.5 + 0.1 * i) for i in range(5)]
    assert save(path, pictures, codec=codec).warnings == []
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    shown = decoded(path)
    assert times(path) == [Fraction(i, 25) for i in range(5)]
    for frame, rgb in zip(shown, pictures, strict=True):
        assert np.abs(read(frame) - rgb).mean() * 255 < 2.5
    with av.open(path) as container:
        assert container.streams.video[0].average_rate == 25


def read(frame: av.VideoFrame) -> NDArray[np.float64]:
    """(H, W, 3) in [0, 1], by the tags of the frame and in plain arithmetic; chroma is repeated."""
    stored = [plane.astype(float) for plane in samples(frame)]
    bits, name = frame.format.components[0].bits, frame.format.name
    if name == "bgr0":
        return stored[0].reshape(*frame_shape(frame), 4)[..., 2::-1] / 255
    if name.startswith("gbrp"):
        return np.stack([stored[2], stored[0], stored[1]], -1) / (2**bits - 1)
    matrix = int(frame.colorspace) if int(frame.colorspace) in yuv.WEIGHTS else yuv.BT601
    colour = yuv.Colour(1, 1, matrix, frame.color_range == 2 or name.startswith("yuvj"))
    levels = yuv.matrix_of(bits, colour).astype(float)
    luma, *chroma = stored
    wide = [np.kron(c, np.ones([a // b for a, b in zip(luma.shape, c.shape, strict=True)])) for c in chroma]
    return np.stack([luma, *wide], -1).__sub__(levels[:, 3]) @ np.linalg.inv(levels[:, :3]).T


def frame_shape(frame: av.VideoFrame) -> tuple[int, int]:
    return frame.height, frame.width


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "vp9", "mpeg4", "prores", "mjpeg"])
def test_levels_are_right_to_one(tmp_path: Path, codec: str, bits: int, full: bool) -> None:
    """Of the grey ramp, where a codec has smooth samples to store: each column in the mean over its rows."""
    rgb, path = ramp(128, 512), tmp_path / f"day{CODECS[codec].suffixes[0]}"
    about = stream_of(*rgb.shape[:2], track(bits=bits, full_range=full))
    save(path, [rgb] * 2, about, codec, [Fraction(0), Fraction(1, 25)])
    frame = decoded(path)[0]
    stored = frame.format.components[0].bits
    assert stored == min(max(bits, min(CODECS[codec].formats)), CODECS[codec].most_bits)
    expected = full if CODECS[codec].full_range is None else CODECS[codec].full_range
    assert (frame.color_range == 2 or frame.format.name.startswith("yuvj")) is expected
    unit = 2 ** (stored - 8)
    low, high = (0, 2**stored - 1) if expected else (16 * unit, 235 * unit)
    luma = samples(frame)[0][8:56].astype(float).mean(0)
    most = unit * (1.5 if codec == "mjpeg" else 1)  # the coarsest
    assert np.abs(luma - (low + (high - low) * rgb[0, :, 0])).max() <= most
    assert np.abs(read(frame)[72:120, 8:-8] - rgb[72:120, 8:-8]).mean((0, 1)).max() * 255 <= 1


@pytest.mark.parametrize("rows", [480, 720])
def test_opencv_reads_the_same_levels(tmp_path: Path, rows: int) -> None:
    rgb = ramp(rows, 256)
    save(tmp_path / "day.mp4", [rgb] * 2)
    shown = cv2.VideoCapture(str(tmp_path / "day.mp4")).read()[1][..., ::-1].astype(float)
    grey = shown[8 : rows // 2 - 8].mean((0, 2))
    assert np.abs(np.subtract(*(x.reshape(-1, 8).mean(1) for x in (grey, rgb[0, :, 0] * 255)))).max() <= 255 / 219


@pytest.mark.parametrize(
    ("bits", "dtype", "pixels"),
    [(8, np.uint8, "bgr0"), (10, np.uint16, "gbrp10le"), (12, np.uint16, "gbrp12le"), (16, np.uint16, "gbrp16le")],
)
@pytest.mark.parametrize("suffix", [".mkv", ".avi"])
def test_ffv1_loses_nothing(tmp_path: Path, bits: int, dtype: type, pixels: str, suffix: str) -> None:
    peak = 2**bits - 1
    given = np.random.default_rng(0).integers(0, peak + 1, (33, 47, 3))
    about = stream_of(33, 47, track(bits=bits, full_range=True))
    save(tmp_path / f"x{suffix}", [(given / peak).astype(np.float32)], about, "FFV1", [Fraction(0)])
    frame = decoded(tmp_path / f"x{suffix}")[0]
    assert (frame.format.name, about.warnings) == (pixels, [])
    np.testing.assert_array_equal(np.rint(read(frame) * peak), given)


def test_a_folder_of_16_bits_keeps_them_in_ffv1_and_ten_in_h264(tmp_path: Path) -> None:
    rgb = ramp(16, 64)
    assert save(tmp_path / "x.mkv", [rgb], codec="ffv1", dtype="uint16").warnings == []
    assert decoded(tmp_path / "x.mkv")[0].format.name == "gbrp16le"
    about = save(tmp_path / "x.mp4", [rgb], dtype="uint16")
    assert decoded(tmp_path / "x.mp4")[0].format.name == "yuv420p10le"
    assert about.warnings == ["h264 has 10 bits a sample, of its 16; ffv1 and frames in a folder keep more"]


@pytest.mark.parametrize(
    ("tags", "rows", "expected"),
    [
        ((2, 2, 2), 64, (1, 1, 6)),
        ((2, 2, 2), 720, (1, 1, 1)),
        ((1, 1, 1), 64, (1, 1, 1)),
        ((5, 6, 5), 64, (5, 6, 5)),
        ((9, 14, 9), 64, (9, 14, 9)),
        ((2, 2, 9), 64, (9, 1, 9)),
        ((2, 2, 8), 64, (1, 1, 6)),
    ],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_colour_tags(
    tmp_path: Path, tags: tuple[int, int, int], rows: int, expected: tuple[int, int, int], suffix: str
) -> None:
    about = stream_of(rows, 64, track(colour=tags))
    save(tmp_path / f"x{suffix}", [ramp(rows, 64)] * 2, about, moments=[Fraction(0), Fraction(1, 25)])
    frame = decoded(tmp_path / f"x{suffix}")[0]
    assert (int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace)) == expected


@pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mov", ".mkv", ".avi"])
def test_the_shape_of_pixels_is_kept(tmp_path: Path, suffix: str) -> None:
    about = stream_of(48, 64, track(pixel_aspect=Fraction(16, 11)))
    save(tmp_path / f"x{suffix}", [ramp(48, 64)] * 2, about, moments=[Fraction(0), Fraction(1, 25)])
    with av.open(tmp_path / f"x{suffix}") as container:
        video = container.streams.video[0]
        frame = next(container.decode(video))
        assert (video.sample_aspect_ratio or frame.sample_aspect_ratio, frame.width) == (Fraction(16, 11), 64)
    assert about.warnings == []


@pytest.mark.parametrize(("codec", "suffix"), [(None, ".webm"), ("av1", ".mkv"), ("prores", ".mkv")])
def test_pixels_become_square_where_nothing_can_say_their_shape(tmp_path: Path, codec: str | None, suffix: str) -> None:
    about = stream_of(48, 64, track(pixel_aspect=Fraction(3, 2)))
    about.pixel_aspect = 1.5
    save(tmp_path / f"x{suffix}", [ramp(48, 64)], about, codec, [Fraction(0)])
    assert frame_shape(decoded(tmp_path / f"x{suffix}")[0]) == about.scaled == (48, 96)
    assert about.warnings[0].startswith("its pixels are not square (1.5 times as wide as high): 64 x 48 become 96 x 48")


def test_metadata_are_kept(tmp_path: Path) -> None:
    told = {
        "title": "Fuchs 夜",
        "comment": "east gate",
        "date": "2026-11-02",
        "creation_time": "2026-11-02T04:05:06.000000Z",
        "major_brand": "qt  ",
        "com.apple.quicktime.location.ISO6709": "+52.5200+013.4050/",
    }
    for suffix in (".mp4", ".mov", ".mkv"):
        about = stream_of(48, 64, track(metadata=told))
        save(tmp_path / f"x{suffix}", [ramp(48, 64)], about, moments=[Fraction(0)])
        with av.open(tmp_path / f"x{suffix}") as container:
            found = {key.lower(): value for key, value in container.metadata.items()}
        assert [found[key] for key in ("title", "comment", "date")] == ["Fuchs 夜", "east gate", "2026-11-02"]
        assert found["creation_time"] == told["creation_time"]
        assert found["location"].startswith("+52.5200+013.4050")
        assert found.get("major_brand") != "qt  " or suffix == ".mov"


@pytest.mark.parametrize("codec", list(CODECS))
@pytest.mark.parametrize("side", [1, 2, 3, 7, 16, 17])
def test_small_and_odd_sizes(tmp_path: Path, codec: str, side: int) -> None:
    rgb, about = np.full((side, side, 3), 0.5, np.float32), stream_of(side, side)
    path = tmp_path / f"x{CODECS[codec].suffixes[0]}"
    even = side + side % 2
    if even < {"h265": 16, "av1": 4}.get(codec, 1):
        with pytest.raises(
            UsageError, match=rf"`codec={codec}`: cannot be written in {side} x {side} pixels here; use"
        ):
            save(path, [rgb], about, codec)
        assert list(tmp_path.iterdir()) == []
        return
    save(path, [rgb], about, codec)
    frame = decoded(path)[0]
    down, across = yuv.Layout(CODECS[codec].pixels(8)).steps
    assert (frame.height, frame.width) == (side + -side % down, side + -side % across)
    assert bool(about.warnings) == (frame.width != side)
    assert read(frame).mean() == pytest.approx(0.5, abs=0.02)


def test_an_odd_side_is_repeated_and_it_is_told(tmp_path: Path) -> None:
    about = save(tmp_path / "x.mp4", [ramp(47, 63)])
    assert about.warnings == [
        "h264 has even sides: 63 x 47 pixels become 64 x 48, their last row or column repeated; ffv1 and frames in a "
        "folder keep their size"
    ]
    assert frame_shape(decoded(tmp_path / "x.mp4")[0]) == (48, 64)


def test_fewer_frames_than_there_were_to_be_make_a_whole_file(tmp_path: Path) -> None:
    about = stream_of(48, 64, track())
    about.expected = 1000
    save(tmp_path / "x.mp4", [ramp(48, 64)] * 3, about, moments=[Fraction(i, 25) for i in range(3)])
    assert len(decoded(tmp_path / "x.mp4")) == 3


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
@pytest.mark.parametrize("most", [100, 60_000])
def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path, suffix: str, most: int) -> None:
    noise = np.random.default_rng(0).random((12, 128, 128, 3)).astype(np.float32)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        with pytest.raises(OutputError) as caught:
            save(tmp_path / f"x{suffix}", list(noise))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(caught.value) == f"{tmp_path / f'x{suffix}'}: File too large; nothing was written"
    assert list(tmp_path.iterdir()) == []


def test_no_frame_is_no_video(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="no frame was written"),
        open_file(tmp_path / "x.mp4", stream_of(48, 64), 25, None, False) as sink,
    ):
        sink.finish()
    assert list(tmp_path.iterdir()) == []


def test_encoders_are_quiet(tmp_path: Path) -> None:
    """In a process of its own: one of them reads once how much it may say."""
    program = """
        import sys
        from pathlib import Path
        from av_tools import ramp, save
        from nircolor.video.write.codecs import CODECS
        for codec in CODECS.values():
            save(Path(sys.argv[1]) / f"{codec.name}{codec.suffixes[0]}", [ramp(64, 64)], codec=codec.name)
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, sys.path))}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
