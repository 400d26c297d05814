"""What a video file is, whether it carries sound, and what its output is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from video_tools import film, patch, shots

from nircolor.video.read.container import HEAD, default_output, has_sound, sniff
from nircolor.video.read.opencv import is_grey16, sample_bits

FILES = [("x.mp4", "mp4v", "MP4"), ("x.mov", "mp4v", "MP4"), ("x.avi", "MJPG", "AVI"), ("x.mkv", "MJPG", "Matroska")]


@pytest.mark.parametrize(("name", "codec", "container"), FILES)
def test_the_content_decides(tmp_path: Path, name: str, codec: str, container: str) -> None:
    assert sniff(film(tmp_path / name, shots(2), codec).read_bytes()[:HEAD]) == container


def test_playlists_and_texts_are_no_videos() -> None:
    """FFmpeg would open whatever they name."""
    for text in (b"#EXTM3U\n/etc/passwd\n", b"ffconcat version 1.0\nfile x.mp4\n", b"", b"G" + bytes(399)):
        assert sniff(text) is None


@pytest.mark.parametrize(
    ("name", "codec", "silent", "sound"),
    [
        ("x.mp4", "mp4v", b"vide", b"soun"),
        ("x.avi", "MJPG", b"vids", b"auds"),
        ("x.mkv", "MJPG", b"\x83\x81\x01", b"\x83\x81\x02"),
    ],
)
def test_sound_is_found(tmp_path: Path, name: str, codec: str, silent: bytes, sound: bytes) -> None:
    path = film(tmp_path / name, shots(2), codec)
    container = sniff(path.read_bytes()[:HEAD])
    assert container
    for expected in (False, True):
        with path.open("rb") as stream:
            assert has_sound(stream, container) is expected
        if not expected:
            patch(path, silent, sound)


def test_boxes_of_a_damaged_file_end(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(b"\x00\x00\x00\x10ftypisom\0\0\0\0" + b"\x00\x00\x00\x03moov" * 10)
    with path.open("rb") as stream:
        assert has_sound(stream, "MP4") is False


def test_names_of_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, output in (("a.mp4", "a_rgb.mp4"), ("b.x.AVI", "b.x_rgb.AVI"), ("c.ts", "c_rgb.mp4"), ("d", "d_rgb.mp4")):
        assert default_output(tmp_path / name) == tmp_path / output
    (tmp_path / "frames").mkdir()
    monkeypatch.chdir(tmp_path / "frames")
    assert default_output(Path()) == tmp_path / "frames_rgb"
    assert default_output(tmp_path / "frames") == tmp_path / "frames_rgb"


def test_depth_of_pixel_formats() -> None:
    def tag(*parts: int) -> int:
        return int.from_bytes(bytes(parts), "little")

    y, one, three = ord("Y"), ord("1"), ord("3")
    assert [sample_bits(t) for t in (tag(y, one, 0, 16), tag(y, three, 11, 10), tag(10, 11, three, y))] == [16, 10, 10]
    assert sample_bits(int.from_bytes(b"I420", "little")) == 8
    assert is_grey16(tag(y, one, 0, 16))
    assert not is_grey16(tag(16, 0, one, y))
