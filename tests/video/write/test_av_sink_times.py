"""When the frames of videos that PyAV writes are shown."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

av = pytest.importorskip("av")

from av_tools import ramp, save, stream_of, times, track  # noqa: E402


@pytest.mark.parametrize("codec", ["h265", "h264", "av1"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_video_of_few_frames(tmp_path: Path, codec: str, count: int) -> None:
    for again in range(4):
        save(tmp_path / f"{again}.mp4", [ramp(48, 64)] * count, codec=codec)
        assert times(tmp_path / f"{again}.mp4") == [Fraction(i, 25) for i in range(count)]


UNEVEN = [Fraction(n, 90000) for n in (45001, 48003, 51007, 63000, 66001, 150000)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_times_and_the_start_are_kept(tmp_path: Path, suffix: str) -> None:
    about = stream_of(48, 64, track(rate=Fraction(20)), fps=20)
    save(tmp_path / f"x{suffix}", [ramp(48, 64)] * 6, about, moments=UNEVEN, fps=20)
    exact = 0 if suffix in (".mp4", ".mov") else 0.0005  # Matroska counts milliseconds
    assert [float(t) for t in times(tmp_path / f"x{suffix}")] == pytest.approx([float(t) for t in UNEVEN], abs=exact)
    assert about.warnings == []


def test_the_last_frame_lasts_and_the_rate_is_told(tmp_path: Path) -> None:
    about = stream_of(48, 64, track(Fraction(1001, 30000), Fraction(30000, 1001)), fps=30000 / 1001)
    moments = [Fraction(1001 * i, 30000) for i in range(8)]
    save(tmp_path / "x.mp4", [ramp(48, 64)] * 8, about, moments=moments, fps=30000 / 1001)
    with av.open(tmp_path / "x.mp4") as container:
        video = container.streams.video[0]
        assert (video.average_rate, video.duration * video.time_base) == (Fraction(30000, 1001), 8008 / Fraction(30000))


def test_avi_has_a_constant_rate_and_says_so(tmp_path: Path) -> None:
    about = stream_of(48, 64, track(rate=Fraction(20)), fps=20)
    save(tmp_path / "x.avi", [ramp(48, 64)] * 6, about, moments=UNEVEN, fps=20)
    assert "its frame rate changes; .avi has a constant one, so times shift by up to a frame" in about.warnings
    late = [float(t - moment + UNEVEN[0]) for t, moment in zip(times(tmp_path / "x.avi"), UNEVEN, strict=True)]
    assert max(map(abs, late)) <= 0.05
