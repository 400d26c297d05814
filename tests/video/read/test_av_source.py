"""What cameras make, read by PyAV: all frames, in order, at their times, with what goes with them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from av_films import FULL, av, av_film, marred, stored
from video_tools import HEIGHT, WIDTH, shots

from nircolor.errors import InputError
from nircolor.picture import Reading
from nircolor.video import FileSource, open_source
from nircolor.video.read.av_source import AvSource

CAMERAS = [
    ("x.mp4", "libx264", "yuv420p", 8),
    ("x.mov", "libx264", "yuv420p10le", 10),
    ("x.mp4", "libx265", "yuv420p10le", 10),
    ("x.mkv", "libx265", "gray", 8),
    ("x.avi", "mjpeg", "yuvj420p", 8),
    ("x.mkv", "ffv1", "gray16le", 16),
    ("x.mov", "prores_ks", "yuv422p10le", 10),
    ("x.avi", "mpeg4", "yuv420p", 8),
    ("x.webm", "libvpx-vp9", "yuv420p", 8),
    ("x.mkv", "libsvtav1", "yuv420p", 8),
    ("x.ts", "libx264", "yuv420p", 8),
    ("x.mts", "libx264", "yuv420p", 8),
    ("x.mpg", "mpeg2video", "yuv420p", 8),
    ("x.flv", "libx264", "yuv420p", 8),
    ("x.wmv", "wmv2", "yuv420p", 8),
    ("x.y4m", "wrapped_avframe", "yuv420p", 8),
]
QUIET = {"libx265": {"x265-params": "log-level=none"}}


@pytest.mark.parametrize(("name", "codec", "pix", "bits"), CAMERAS)
def test_what_cameras_make(tmp_path: Path, name: str, codec: str, pix: str, bits: int) -> None:
    pictures = shots(6, 128, 128)
    format = "yuv4mpegpipe" if name.endswith("y4m") else None
    source = open_source(av_film(tmp_path / name, pictures, codec, pix, options=QUIET.get(codec), format=format))
    assert isinstance(source, AvSource)
    stream = source.stream
    assert (stream.height, stream.width, stream.fps, stream.fps_assumed, stream.pixel_aspect) == (
        128,
        128,
        25,
        False,
        1,
    )
    assert stream.track
    assert stream.track.bits == bits
    frames = list(source.frames())
    assert [frame.name for frame in frames] == [f"frame_{i:06d}.png" for i in range(1, 7)]
    assert [frame.time - frames[0].time for frame in frames] == pytest.approx([i / 25 for i in range(6)], abs=0.001)
    read = np.array([frame.image.pixels for frame in frames])
    black, white = stored_levels(pix)
    expected = np.clip((np.array(pictures, np.float64) - black) / (white - black), 0, 1)
    if codec not in ("libx264", "libx265", "prores_ks", "mjpeg", "ffv1"):
        assert np.abs(read - expected).mean() < 0.06
    else:
        assert np.abs(read - expected).mean() < 0.03
    assert [stream.warnings, stream.faults.told] == [[], ()]


def stored_levels(pix: str) -> tuple[int, int]:
    """Of pictures whose values were written as they are."""
    return (0, 255) if pix in ("yuvj420p", "gray16le", "yuv422p10le") else (16, 235)


@pytest.mark.parametrize(("name", "codec", "format"), [("a.h264", "libx264", "h264"), ("b.265", "libx265", "hevc")])
def test_raw_streams_have_no_rate(tmp_path: Path, name: str, codec: str, format: str) -> None:
    path = av_film(tmp_path / name, shots(9), codec, rate=50, format=format, options=QUIET.get(codec))
    source = open_source(path)
    assert (source.stream.fps, source.stream.fps_assumed, source.stream.expected) == (25, True, 0)
    assert [frame.time for frame in source.frames()] == [Fraction(i, 25) for i in range(9)]
    assert source.stream.faults.told == ()


def test_frames_between_others_come_in_order(tmp_path: Path) -> None:
    pictures = shots(20)
    path = av_film(tmp_path / "x.mp4", pictures, options={"bf": "3", "crf": "5"})
    with av.open(str(path)) as container:
        stamps = [packet.pts for packet in container.demux(video=0) if packet.size]
    assert stamps != sorted(stamps)
    frames = list(AvSource(path).frames())
    read = [(frame.image.pixels * 219 + 16).clip(16, 235) for frame in frames]
    far = [[np.abs(pixels - np.clip(picture, 16.0, 235.0)).mean() for picture in pictures] for pixels in read]
    assert np.argmin(far, axis=1).tolist() == list(range(20))
    assert [frame.time for frame in frames] == [Fraction(i, 25) for i in range(20)]


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv"])
def test_variable_times_of_a_phone_that_was_turned(tmp_path: Path, name: str) -> None:
    times = [0, 1, 2, 6, 7, 20, 21, 33]
    path = av_film(
        tmp_path / name, shots(8), rate=30, times=times, setup=lambda stream: stream.set_display_rotation(-90)
    )
    source = AvSource(path)
    assert (source.stream.height, source.stream.width) == (WIDTH, HEIGHT)
    found = [frame.time for frame in source.frames()]
    assert [float(time) for time in found] == pytest.approx([time / 30 for time in times], abs=0.0006)
    assert source.stream.warnings == []


def test_a_recording_that_begins_after_hours(tmp_path: Path) -> None:
    late = 5 * 3600 * 25
    path = av_film(tmp_path / "x.ts", shots(5), times=range(late, late + 5))
    source = AvSource(path)
    assert source.stream.track
    start = source.stream.track.start
    assert start >= 5 * 3600
    assert [frame.time for frame in source.frames()] == [start + Fraction(i, 25) for i in range(5)]


def test_times_that_begin_again(tmp_path: Path) -> None:
    """Recordings that were joined byte by byte, as cameras let one do with MPEG-TS."""
    late = 100 * 25
    one = av_film(tmp_path / "a.ts", shots(5), times=range(late, late + 5)).read_bytes()
    path = av_film(tmp_path / "b.ts", shots(5))
    path.write_bytes(one + path.read_bytes())
    source = AvSource(path)
    times = [frame.time for frame in source.frames()]
    assert len(times) == 10
    steps = np.diff([float(time) for time in times])
    assert (steps > 0).all()
    assert steps.max() < 0.2
    assert any("its times begin again" in warning for warning in source.stream.warnings)


def test_edit_lists_are_heeded(tmp_path: Path) -> None:
    """B-frames make the first decoding time negative: MP4 says by an edit list that the film begins at its start."""
    path = av_film(tmp_path / "x.mp4", shots(6), options={"bf": "2"})
    assert b"elst" in path.read_bytes()
    assert [frame.time for frame in AvSource(path).frames()] == [Fraction(i, 25) for i in range(6)]


def test_the_shape_of_pixels_and_what_a_container_says(tmp_path: Path) -> None:
    def setup(stream: Any) -> None:
        stream.sample_aspect_ratio = Fraction(16, 15)
        codec = stream.codec_context
        codec.color_primaries, codec.color_trc, codec.colorspace = 9, 14, 9

    path = av_film(tmp_path / "x.mkv", shots(2), "libx264", setup=setup)
    stream = AvSource(path).stream
    assert stream.track
    assert (stream.track.pixel_aspect, stream.pixel_aspect) == (Fraction(16, 15), pytest.approx(16 / 15))
    assert stream.track.colour == (9, 14, 9)
    assert (stream.track.rate, stream.track.full_range) == (25, False)


def test_metadata_without_those_of_the_file_itself(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    with av.open(str(path), "w") as container:
        container.metadata.update(title="the garden at night", creation_time="2026-01-02T03:04:05Z")
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 32, 32
        container.mux(stream.encode(stored(np.zeros((32, 32), np.uint8), "yuv420p")))
        container.mux(stream.encode(None))
    track = AvSource(path).stream.track
    assert track
    assert track.metadata == {"title": "the garden at night", "creation_time": "2026-01-02T03:04:05.000000Z"}


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.avi", "x.ts"])
def test_sound_is_set_aside_in_passing(tmp_path: Path, name: str) -> None:
    path = av_film(tmp_path / name, shots(25), "libx264", sound=True)
    with av.open(str(path)) as container:
        expected = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    source = AvSource(path)
    assert source.stream.track
    assert [track.type for track in source.stream.track.tracks] == ["audio"]
    assert len(list(source.frames())) == 25
    assert [bytes(packet) for packet in source.stream.aside] == expected
    other = AvSource(path).stream
    other.leave_aside()
    assert other.warnings == ["its sound is not kept"]


def test_sound_that_nobody_takes_is_let_go(tmp_path: Path) -> None:
    source = AvSource(av_film(tmp_path / "x.mkv", shots(25), sound=True))
    source.stream.leave_aside()
    list(source.frames())
    assert len(source.stream.aside) == 0


@pytest.mark.parametrize("pix", ["yuv420p", "gray", "yuv444p"])
def test_odd_sizes(tmp_path: Path, pix: str) -> None:
    picture = np.random.default_rng(0).integers(16, 236, (31, 45), dtype=np.uint8)
    path = av_film(tmp_path / "x.mkv", [stored(picture, pix)], "ffv1", pix, colour_range=FULL)
    np.testing.assert_allclose(next(AvSource(path).frames()).image.pixels * 255, picture, atol=1e-3)


def test_interlaced_frames_are_told(tmp_path: Path) -> None:
    path = av_film(tmp_path / "x.mkv", shots(3), "libx264", options={"x264-params": "interlaced=1:tff=1"})
    source = AvSource(path)
    assert source.stream.warnings == [
        "its frames are interlaced, two moments in one: moving things have combs, which stay"
    ]
    assert len(list(source.frames())) == 3


@pytest.mark.parametrize("name", ["x.mkv", "x.ts", "x.avi", "x.h264", "x.mjpeg"])
def test_a_stream_that_cannot_go_back(tmp_path: Path, name: str) -> None:
    codec = "mjpeg" if name.endswith("jpeg") else "libx264"
    path = av_film(tmp_path / name, shots(8), codec, "yuvj420p" if codec == "mjpeg" else "yuv420p")
    ends = os.pipe()
    sender = threading.Thread(target=lambda: os.fdopen(ends[1], "wb").write(path.read_bytes()))
    sender.start()
    with os.fdopen(ends[0], "rb") as stream:
        source = AvSource(stream)
        assert len(list(source.frames())) == 8
        assert source.stream.faults.told == ()
    sender.join()


def test_a_stream_in_memory(tmp_path: Path) -> None:
    path = av_film(tmp_path / "x.mp4", shots(4))
    assert len(list(AvSource(io.BytesIO(path.read_bytes())).frames())) == 4
    with pytest.raises(InputError, match="standard input: is empty"):
        AvSource(io.BytesIO(b""))


def test_a_band_of_a_grey_video(tmp_path: Path) -> None:
    path = av_film(tmp_path / "x.mkv", shots(1), "ffv1", "gray")
    assert next(AvSource(path, Reading(band=1)).frames()).image.pixels.std() > 0.05
    with pytest.raises(InputError, match=r"frame 1 at 0:00\.000: has no band 2"):
        next(AvSource(path, Reading(band=2)).frames())


def test_without_pyav_opencv_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = av_film(tmp_path / "x.mp4", shots(4), "mpeg4")
    monkeypatch.delitem(sys.modules, "nircolor.video.read.av_source")
    monkeypatch.setitem(sys.modules, "av", None)
    source = open_source(path)
    assert isinstance(source, FileSource)
    assert source.stream.warnings[-1].startswith("PyAV is not installed: read by OpenCV, without sound")
    assert len(list(source.frames())) == 4


def test_ffmpeg_prints_nothing(tmp_path: Path) -> None:
    path = marred(av_film(tmp_path / "x.avi", shots(8), "mpeg4"), 3)
    code = (
        "import sys, pathlib; from nircolor.video.read.av_source import AvSource;"
        "source = AvSource(pathlib.Path(sys.argv[1])); list(source.frames()); print(source.stream.faults.count > 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "")
