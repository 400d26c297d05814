"""Encoded frames: what is wrong with one, which are lost, and when each is shown."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
from av_films import av, av_film
from video_tools import shots

from nircolor.video.read.packets import Lost, Times, checker, clock


def encoded(path: Path, codec: str, pix: str, options: dict[str, str]) -> tuple[list[bytes], bytes | None]:
    """Packets of a small film, and what the decoder is told before them."""
    av_film(path, shots(4), codec, pix, options=options)
    with av.open(str(path)) as container:
        extradata = container.streams.video[0].codec_context.extradata
        return [bytes(packet) for packet in container.demux(video=0) if packet.size], extradata


@pytest.mark.parametrize("slices", ["4", "9"])
def test_each_byte_of_ffv1_counts(tmp_path: Path, slices: str) -> None:
    options = {"level": "3", "slicecrc": "1", "slices": slices}
    frames, extradata = encoded(tmp_path / "x.mkv", "ffv1", "gray", options)
    check = checker("ffv1", extradata)
    assert [check(data) for data in frames] == [""] * 4
    data = bytearray(frames[1])
    for place in range(0, len(data), 7):
        data[place] ^= 0x10
        assert check(bytes(data)), place
        data[place] ^= 0x10


@pytest.mark.parametrize("options", [{"level": "3", "slicecrc": "0"}, {"level": "1"}])
def test_ffv1_without_checksums_passes(tmp_path: Path, options: dict[str, str]) -> None:
    frames, extradata = encoded(tmp_path / "x.mkv", "ffv1", "gray", options)
    check = checker("ffv1", extradata)
    assert [check(data) for data in frames] == [""] * 4


def test_motion_jpeg_is_followed_to_its_end(tmp_path: Path) -> None:
    frames, extradata = encoded(tmp_path / "x.avi", "mjpeg", "yuvj420p", {})
    check = checker("mjpeg", extradata)
    assert [check(data) for data in frames] == [""] * 4
    assert check(frames[0][: len(frames[0]) // 2]) != ""
    assert checker("h264", b"")(b"anything") == ""


def test_times_as_players_show_them() -> None:
    told = [clock(Fraction(time)) for time in ("0", "7.25", "59.9996", "3727.5", "-0.04")]
    assert told == ["0:00.000", "0:07.250", "1:00.000", "1:02:07.500", "-0:00.040"]


def times(*stamps: float | None) -> list[float]:
    clock = Times(Fraction(1, 25))
    return [float(clock.next(None if stamp is None else Fraction(stamp).limit_denominator(1000))) for stamp in stamps]


def test_times_always_grow() -> None:
    assert times(None, None, None) == [0, 0.04, 0.08]
    assert times(9, 9.04, None, 9.12) == [9, 9.04, 9.08, 9.12]
    assert times(0, 0.04, 0.04, 0.08) == [0, 0.04, 0.0404, 0.08]
    assert times(0, 3600, 3600.04) == [0, 3600, 3600.04]  # a camera that slept
    assert times(100, 100.04, 0, 0.04) == pytest.approx([100, 100.04, 100.08, 100.12])  # another recording
    assert times(0, 95443, 95443.04) == pytest.approx([0, 0.04, 0.08])  # a counter that was full, and one that was not


def test_lost_frames() -> None:
    def packet(pts: int | None, key: bool = False, discard: bool = False) -> SimpleNamespace:
        return SimpleNamespace(pts=pts, is_keyframe=key, is_discard=discard)

    lost = Lost("h264")
    for each in (packet(0), packet(1), packet(4, key=True), packet(2), packet(6), packet(5), packet(None), packet(8)):
        lost.went_in(each)
    lost.went_in(packet(7, discard=True))
    assert [lost.came_out(pts) for pts in (4, 6, None)] == [[], [5], [8]]
    other = Lost("mpeg4")  # whose packets may hold several frames, or none
    other.went_in(packet(0, key=True))
    assert other.came_out(None) == []
