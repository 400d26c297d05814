"""A frame of motion JPEG that lost data is told: FFmpeg would make it up without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from video_tools import film, shots

from nircolor.video import FileSource


def marred(path: Path, frame: int) -> Path:
    """``path`` with zeros in the middle of one frame, counted from 1."""
    data = bytearray(path.read_bytes())
    place = -1
    for _ in range(frame):
        place = data.index(b"\xff\xd8\xff", place + 1)
    start, end = data.index(b"\xff\xda", place), data.index(b"\xff\xd9", place)
    data[(start + end) // 2 : (start + end) // 2 + 200] = bytes(200)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["x.avi", "x.mkv"])
def test_damaged_frames_are_counted_and_told(tmp_path: Path, name: str) -> None:
    source = FileSource(marred(marred(film(tmp_path / name, shots(6), "MJPG"), 3), 5))
    assert len(list(source.frames())) == 6
    (warning,) = source.stream.warnings
    assert warning.startswith("2 of its frames are damaged, the first is frame 3 (it is damaged: ")
    assert warning.endswith("); what they lack was made up by the decoder")


@pytest.mark.parametrize(
    ("name", "codec"), [("x.avi", "MJPG"), ("x.mkv", "MJPG"), ("x.mp4", "mp4v"), ("x.mkv", "FFV1")]
)
def test_whole_ones_are_not(tmp_path: Path, name: str, codec: str) -> None:
    source = FileSource(film(tmp_path / name, shots(6), codec))
    assert len(list(source.frames())) == 6
    assert source.stream.warnings == []
