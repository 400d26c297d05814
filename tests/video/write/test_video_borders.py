"""Sound where parts and segments of a video meet: each packet once, and nothing between them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import small_network

import nircolor

av = pytest.importorskip("av")
from av_tools import packets, times  # noqa: E402
from sounding_films import write_film  # noqa: E402


class Late:
    """A container into which sound goes ``behind`` seconds later than it should."""

    def __init__(self, container: Any, behind: Fraction) -> None:
        self._container, self._behind, self._held = container, behind, list[Any]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def mux(self, packets: list[Any]) -> None:
        for packet in packets:
            if packet.stream.type == "audio":
                self._held.append(packet)
                continue
            self._container.mux(packet)
            self.let_go(packet.pts * packet.time_base - self._behind)

    def let_go(self, before: Fraction) -> None:
        while self._held and self._held[0].pts * self._held[0].time_base < before:
            self._container.mux(self._held.pop(0))


def late_film(path: Path, behind: Fraction) -> Path:
    options = {"max_interleave_delta": "1", "output_ts_offset": "1"}  # microseconds; seconds
    with av.open(str(path), "w", container_options=options) as container:
        film = Late(container, behind)
        write_film(film, 60, Fraction(25))
        film.let_go(Fraction(100))
    return path


def lateness(path: Path) -> Fraction:
    """How far sound lies behind the picture, at most."""
    most = shown = Fraction(0)
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.pts is None or packet.time_base is None:
                continue
            time = packet.pts * packet.time_base
            if packet.stream.type == "video":
                shown = max(shown, time)
            else:
                most = max(most, shown - time)
    return most


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> nircolor.Colorizer:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    small_network.save(path, small_network.network(small_network.PLAIN))
    return nircolor.EngineConfig(str(path)).load()


@pytest.mark.parametrize("behind", [Fraction(0), Fraction(1, 3), Fraction(1)])
@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
def test_no_sound_is_lost_between_segments(
    tmp_path: Path, engine: nircolor.Colorizer, behind: Fraction, suffix: str
) -> None:
    source = late_film(tmp_path / f"x{suffix}", behind)
    assert lateness(source) >= behind - Fraction(1, 10)
    result = nircolor.colorize_video(source, tmp_path / "y.mkv", engine=engine, segment=0.4)
    assert (result.segments, result.frames) == (6, 60)
    heard = [sound for i in range(6) for sound, _ in packets(tmp_path / f"y_00{i}.mkv", "audio")]
    assert heard == expected(source)


@pytest.mark.parametrize("behind", [Fraction(0), Fraction(1)])
def test_no_sound_is_lost_between_parts_that_are_joined(
    tmp_path: Path, engine: nircolor.Colorizer, behind: Fraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nircolor.video.places.KEPT", 0.4)
    source = late_film(tmp_path / "x.mkv", behind)
    nircolor.colorize_video(source, tmp_path / "y.mkv", engine=engine, resume=True)
    assert times(tmp_path / "y.mkv") == times(source)
    assert [sound for sound, _ in packets(tmp_path / "y.mkv", "audio")] == expected(source)
    at, given = ([time for _, time in packets(path, "audio")] for path in (tmp_path / "y.mkv", source))
    assert at == pytest.approx([time for time in given if time >= times(source)[0]], abs=0.0021)


def expected(source: Path) -> list[bytes]:
    """Packets of sound, but for what sounds before the first frame, and headers of ADTS."""
    first, heard = times(source)[0], packets(source, "audio")
    head = 7 if source.suffix == ".ts" else 0
    return [sound[head:] for sound, time in heard if time >= first]
