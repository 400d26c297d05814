"""Frames into files: as many, of the same size, at the same rate; complete or not there."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from video_tools import HEIGHT, WIDTH, play, shots

from nircolor.errors import OutputError, OutputExistsError, UsageError
from nircolor.image import ImageInfo, NirImage
from nircolor.video import Frame, Stream, open_file, open_folder, open_pipe


def frames(count: int, height: int = HEIGHT, width: int = WIDTH) -> Iterator[tuple[Frame, np.ndarray]]:
    """Frames and colours of them, which a codec that halves the resolution of colour does not hurt."""
    for i, shot in enumerate(shots(count, height, width)):
        nir = shot / np.float32(255)
        rgb = np.dstack([nir, nir * 0.9, nir * 0.8])
        yield Frame(f"frame_{i:03d}.png", NirImage(nir, None, ImageInfo("PNG", "uint8"))), rgb


def stream(height: int = HEIGHT, width: int = WIDTH) -> Stream:
    return Stream(Path("x"), height, width, None, 0)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".avi", ".mkv", ".webm"])
def test_a_video_in_every_container(tmp_path: Path, suffix: str) -> None:
    path, given = tmp_path / f"夜{suffix}", list(frames(6))
    with open_file(path, stream(), 29.97, None, False) as sink:
        for frame, rgb in given:
            sink.write(frame, rgb)
        assert not path.exists()
        sink.finish()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(29.97, abs=0.04)  # WebM counts milliseconds
    shown = play(path)
    assert len(shown) == 6
    for bgr, (_, rgb) in zip(shown, given, strict=True):
        assert np.abs(bgr[..., ::-1] - rgb * 255).mean() < 8  # red first, and close to what went in


def test_no_loss_with_ffv1(tmp_path: Path) -> None:
    with open_file(tmp_path / "x.mkv", stream(), 25, "FFV1", False) as sink:
        for frame, rgb in frames(3):
            sink.write(frame, rgb)
        sink.finish()
    for bgr, (_, rgb) in zip(play(tmp_path / "x.mkv"), frames(3), strict=True):
        np.testing.assert_array_equal(bgr[..., ::-1], np.rint(rgb * 255))


@pytest.fixture
def without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nircolor.video.write.av_sink", None)


@pytest.mark.usefixtures("without_pyav")
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".avi", ".mkv"])
def test_without_pyav_opencv_writes_and_it_is_told(tmp_path: Path, suffix: str) -> None:
    about = stream()
    about.pixel_aspect = 0.5
    with open_file(tmp_path / f"x{suffix}", about, 25, None, False) as sink:
        for frame, rgb in frames(3):
            sink.write(frame, rgb)
        sink.finish()
    assert [shot.shape for shot in play(tmp_path / f"x{suffix}")] == [(2 * HEIGHT, WIDTH, 3)] * 3
    assert about.scaled == (2 * HEIGHT, WIDTH)
    assert [text[:30] for text in about.warnings] == [
        "its pixels are not square (0.5",
        "PyAV is not installed, so Open",
    ]


@pytest.mark.usefixtures("without_pyav")
def test_names_of_codecs_without_pyav(tmp_path: Path) -> None:
    for codec in ("MPEG4", "mp4v", "mjpeg"):
        with open_file(tmp_path / f"{codec}.mov", stream(), 25, codec, False) as sink:
            for frame, rgb in frames(2):
                sink.write(frame, rgb)
            sink.finish()
        assert len(play(tmp_path / f"{codec}.mov")) == 2
    for codec, words in (
        ("ZZZZ", r"`codec=ZZZZ`: cannot be written into .mp4 by OpenCV; use mp4v, or install PyAV"),
        ("av1", r"`codec=av1`: cannot be written into .mp4 by OpenCV; use mp4v"),
        ("h264x", "`codec=h264x`: a codec has four letters"),
    ):
        with pytest.raises(UsageError, match=words), open_file(tmp_path / "x.mp4", stream(), 25, codec, False):
            pytest.fail("opened")
    with (
        pytest.raises(UsageError, match="a video for a pipe is written by PyAV"),
        open_pipe(io.BytesIO(), stream(), 25, None),
    ):
        pytest.fail("opened")


@pytest.mark.usefixtures("without_pyav")
def test_odd_sides_become_even_and_it_is_told(tmp_path: Path) -> None:
    about = stream(47, 63)
    with open_file(tmp_path / "x.mkv", about, 25, "FFV1", False) as sink:
        for frame, rgb in frames(2, 47, 63):
            sink.write(frame, rgb)
        sink.finish()
    shown = play(tmp_path / "x.mkv")[0]
    assert shown.shape == (48, 64, 3)
    np.testing.assert_array_equal(shown[-1], shown[-2])
    np.testing.assert_array_equal(shown[:, -1], shown[:, -2])
    assert about.warnings[1].startswith("a video has even sides: 63 x 47 pixels become 64 x 48")


def test_what_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "there.mp4").write_text("kept")
    for name, codec, kind, words in (
        ("there.mp4", None, OutputExistsError, "exists already"),
        ("no/x.mp4", None, OutputError, "this folder does not exist"),
        ("x.mp4", "ZZZZ", UsageError, "`codec=ZZZZ`: "),
    ):
        with pytest.raises(kind, match=words), open_file(tmp_path / name, stream(), 25, codec, False):
            pytest.fail("opened")
    assert [p.name for p in tmp_path.iterdir()] == ["there.mp4"]
    assert (tmp_path / "there.mp4").read_text() == "kept"


def test_a_video_that_appears_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.avi"
    with open_file(path, stream(), 25, None, False) as sink:
        for frame, rgb in frames(2):
            sink.write(frame, rgb)
        path.write_text("somebody's")
        with pytest.raises(FileExistsError):
            sink.finish()
    assert path.read_text() == "somebody's"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_of_frames(tmp_path: Path, there: bool) -> None:
    target = tmp_path / "out"
    if there:
        target.mkdir()
    with open_folder(target, False) as sink:
        for frame, rgb in frames(3):
            sink.write(frame, rgb)
        assert not there or not any(target.iterdir())
        sink.finish()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    for frame, rgb in frames(3):
        np.testing.assert_array_equal(cv2.imread(str(target / frame.name))[..., ::-1], np.rint(rgb * 255))


def test_a_folder_with_something_in_it_needs_overwrite_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("kept")
    (tmp_path / "frame_000.png").write_text("old")
    with pytest.raises(OutputExistsError, match="is not empty"), open_folder(tmp_path, False):
        pytest.fail("opened")
    with open_folder(tmp_path, True) as sink:
        for frame, rgb in frames(1):
            sink.write(frame, rgb)
        sink.finish()
    assert (tmp_path / "notes.txt").read_text() == "kept"
    assert cv2.imread(str(tmp_path / "frame_000.png")).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("name", ["x.mp4", "folder"])
def test_nothing_is_left_where_nothing_was_finished(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with open_file(path, stream(), 25, None, False) if path.suffix else open_folder(path, False) as sink:
        for frame, rgb in frames(2):
            sink.write(frame, rgb)
        assert list(tmp_path.iterdir()) != []
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_by_the_name_of_the_folder(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="the system has no limits for files")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OutputError) as caught, open_folder(tmp_path / "out", False) as sink:
            sink.write(*next(iter(frames(1))))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value).startswith(f"{tmp_path / 'out'}: File too large")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="the system has no user ids")
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    for parent in (tmp_path, *(folder for folder in tmp_path.parents if "pytest-of" in str(folder))):
        parent.chmod(0o755)
    privileged = os.geteuid() == 0
    if privileged:
        os.seteuid(65534)
    try:
        with (
            pytest.raises(OutputError, match="cannot be written to"),
            open_file(closed / "x.mp4", stream(), 25, None, False),
        ):
            pytest.fail("opened")
        with pytest.raises(OutputError, match="cannot be written to"), open_folder(closed / "x", False):
            pytest.fail("opened")
    finally:
        if privileged:
            os.seteuid(0)
