"""Sound and subtitles, from one container into another: the same bytes, at the same moments of the picture."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av")

from av_tools import film_with_sound, frame_of, packets, stream_of, times, track  # noqa: E402

from nircolor.video.frames import Stream  # noqa: E402
from nircolor.video.write.sink import open_file, open_folder, open_pipe  # noqa: E402

MILLISECOND = Fraction(1, 1000)


def copy(source: Path, target: Path, start: Fraction = Fraction(0), fps: float = 25) -> Stream:
    """``source`` with grey frames in place of its own, whose times are ``start`` later, as is the sound."""
    with av.open(source) as container:
        others = [each for each in container.streams if each.type != "video"]
        video = container.streams.video[0]
        about = stream_of(48, 64, track(video.time_base, Fraction(25), tracks=others))
        with open_file(target, about, fps, None, False) as sink:
            for packet in container.demux():
                if packet.dts is None:
                    continue
                if packet.stream is not video:
                    packet.pts, packet.dts = (t + round(start / packet.time_base) for t in (packet.pts, packet.dts))
                    if about.keeps_aside:
                        about.aside.append(packet)
                    continue
                for shown in packet.decode():
                    sink.write(frame_of(GREY, shown.pts * shown.time_base + start), GREY)
            sink.finish()
    return about


GREY = np.full((48, 64, 3), 0.5, np.float32)


@pytest.mark.parametrize(
    ("codec", "suffix", "into"),
    [
        ("aac", ".mp4", ".mp4"),
        ("aac", ".mp4", ".mkv"),
        ("aac", ".mp4", ".mov"),
        ("libmp3lame", ".mkv", ".mp4"),
        ("libopus", ".mkv", ".webm"),
        ("flac", ".mkv", ".mp4"),
        ("pcm_s16le", ".mkv", ".mov"),
        ("pcm_mulaw", ".avi", ".mov"),
    ],
)
def test_sound_is_the_same_to_the_bit_and_at_the_same_time(tmp_path: Path, codec: str, suffix: str, into: str) -> None:
    source = film_with_sound(tmp_path / f"night{suffix}", codec, late=Fraction(1, 10))
    target = tmp_path / f"day{into}"
    about = copy(source, target)
    assert about.warnings == []
    given, got = packets(source, "audio"), packets(target, "audio")
    assert b"".join(data for data, _ in got) == b"".join(data for data, _ in given)
    assert got[0][1] - times(target)[0] == pytest.approx(float(given[0][1] - times(source)[0]), abs=0.001)
    if len(got) == len(given):
        late = [float(after - before) for (_, before), (_, after) in zip(given, got, strict=True)]
        assert np.ptp(late) <= 0.0011  # Matroska counts milliseconds
    assert len(about.aside) == 0


@pytest.mark.parametrize("into", [".mkv", ".mp4", ".mov", ".avi"])
@pytest.mark.parametrize("late", [False, True])
def test_aac_of_mpeg_ts_loses_its_headers_and_nothing_else(tmp_path: Path, into: str, late: bool) -> None:
    source = film_with_sound(tmp_path / "night.ts", "aac", late=Fraction(2) if late else Fraction(0))
    target = tmp_path / f"day{into}"
    copy(source, target)
    given, got = (b"".join(data for data, _ in packets(path, "audio")) for path in (source, target))
    if into == ".avi" and not late:  # what sounds before the first frame is not kept there
        assert 0 < len(got) >= len(without_adts(given)) - 400
        assert without_adts(given).endswith(got)
    else:
        assert got == without_adts(given)
    with av.open(target) as container:
        sound = container.streams.audio[0]
        assert (bytes(sound.codec_context.extradata), sound.sample_rate) == (b"\x11\x88", 48000)
        assert sum(frame.samples for frame in container.decode(sound)) > 40_000


def without_adts(data: bytes) -> bytes:
    """By ISO 13818-7, 6.2: 13 bits of each header say how long the frame is, the header counted."""
    bare, place = b"", 0
    while place < len(data):
        assert data[place : place + 2] == b"\xff\xf1"
        length = (data[place + 3] & 3) << 11 | data[place + 4] << 3 | data[place + 5] >> 5
        bare, place = bare + data[place + 7 : place + length], place + length
    return bare


def test_avi_knows_no_start_of_sound_and_it_is_told(tmp_path: Path) -> None:
    source = film_with_sound(tmp_path / "night.mkv", "pcm_s16le", late=Fraction(1, 10))
    about = copy(source, tmp_path / "day.avi")
    assert about.warnings == ["its sound starts 0.1 s late, which .avi cannot say: it comes early; .mkv can"]
    got, given = (packets(path, "audio") for path in (tmp_path / "day.avi", source))
    assert b"".join(data for data, _ in got) == b"".join(data for data, _ in given)
    assert copy(film_with_sound(tmp_path / "x.mkv", "pcm_s16le"), tmp_path / "y.avi").warnings == []


def test_subtitles_and_the_language_of_sound_are_kept(tmp_path: Path) -> None:
    source = film_with_sound(tmp_path / "night.mkv", "flac", subtitles=True)
    assert copy(source, tmp_path / "day.mkv").warnings == []
    assert packets(tmp_path / "day.mkv", "subtitle") == packets(source, "subtitle") != []
    with av.open(tmp_path / "day.mkv") as container:
        assert container.streams.audio[0].language == "deu"


def test_what_a_container_cannot_hold_is_named_with_one_that_can(tmp_path: Path) -> None:
    source = film_with_sound(tmp_path / "night.mkv", "pcm_s16le", subtitles=True)
    about = copy(source, tmp_path / "day.webm")
    assert about.warnings == [
        "its sound (pcm_s16le) and subtitles (srt) are left out: .webm cannot hold them; .mkv can"
    ]
    assert not about.keeps_aside
    assert packets(tmp_path / "day.webm", "audio") == []
    texts = copy(film_with_sound(tmp_path / "x.mkv", "flac", subtitles=True), tmp_path / "x.mp4")
    assert texts.warnings == ["its subtitles (srt) are left out: .mp4 cannot hold them; .mkv can"]
    one = copy(film_with_sound(tmp_path / "phone.avi", "pcm_mulaw"), tmp_path / "day.mp4")
    assert one.warnings == ["its sound (pcm_mulaw) is left out: .mp4 cannot hold it; .mov can"]


def test_sound_keeps_step_with_a_clock_that_started_long_ago(tmp_path: Path) -> None:
    source = film_with_sound(tmp_path / "night.mkv", "flac", late=Fraction(1, 10))
    copy(source, tmp_path / "day.mkv", start=Fraction(93600))
    assert times(tmp_path / "day.mkv")[0] == 0
    assert packets(tmp_path / "day.mkv", "audio")[0][1] == pytest.approx(0.1, abs=0.001)


def test_another_rate_leaves_sound_out(tmp_path: Path) -> None:
    source = film_with_sound(tmp_path / "night.mkv", "flac")
    about = copy(source, tmp_path / "day.mkv", fps=50)
    assert about.warnings == ["its sound is left out, since `fps` changes how fast it would play"]
    assert times(tmp_path / "day.mkv")[:3] == [0, Fraction(1, 50), Fraction(1, 25)]


def test_segments_share_the_sound_without_loss(tmp_path: Path) -> None:
    source = film_with_sound(tmp_path / "night.mkv", "flac", subtitles=True)
    with av.open(source) as container:
        others = [each for each in container.streams if each.type != "video"]
        about = stream_of(48, 64, track(Fraction(1, 1000), Fraction(25), tracks=others))
        about.aside.extend(p for p in container.demux(*others) if p.size)
        for part in range(2):
            moments = [Fraction(i, 25) for i in range(10 * part, 10 * part + 10)]
            with open_file(tmp_path / f"{part}.mkv", about, 25, None, False, anew=True) as sink:
                for moment in moments:
                    sink.write(frame_of(GREY, moment), GREY)
                sink.finish(None if part else Fraction(10, 25))
    given = packets(source, "audio")
    got = [packets(tmp_path / f"{part}.mkv", "audio") for part in range(2)]
    assert [data for part in got for data, _ in part] == [data for data, _ in given]
    assert times(tmp_path / "1.mkv")[0] == 0
    cut = next(moment for _, moment in given if moment >= Fraction(10, 25))
    assert got[1][0][1] == cut - Fraction(10, 25)
    assert packets(tmp_path / "1.mkv", "subtitle") == [(b"second", Fraction(1, 5))]


def test_sound_whose_times_go_back_is_left_out_there(tmp_path: Path) -> None:
    source = film_with_sound(tmp_path / "night.mkv", "flac")
    with av.open(source) as container:
        sound = container.streams.audio[0]
        about = stream_of(48, 64, track(Fraction(1, 1000), Fraction(25), tracks=[sound]))
        about.aside.extend(p for p in container.demux(sound) if p.size)
        about.aside[3].pts = about.aside[3].dts = 1
        with open_file(tmp_path / "day.mkv", about, 25, None, False) as sink:
            for i in range(30):
                sink.write(frame_of(GREY, Fraction(i, 25)), GREY)
            sink.finish()
    assert about.warnings == ["its sound is damaged: parts whose times go back are left out"]
    assert len(packets(tmp_path / "day.mkv", "audio")) == len(packets(source, "audio")) - 1


@pytest.mark.parametrize("kind", ["mkv", "mp4", "ts"])
def test_a_pipe_gets_picture_and_sound(tmp_path: Path, kind: str) -> None:
    class Pipe(io.RawIOBase):
        data = b""

        def writable(self) -> bool:
            return True

        def write(self, part: bytes) -> int:  # type: ignore[override]
            self.data += part
            return len(part)

    source, pipe = film_with_sound(tmp_path / "night.mp4"), Pipe()
    with av.open(source) as container:
        sound = container.streams.audio[0]
        about = stream_of(48, 64, track(Fraction(1, 12800), Fraction(25), tracks=[sound]))
        about.aside.extend(p for p in container.demux(sound) if p.size)
        with open_pipe(pipe, about, 25, None, kind) as sink:  # type: ignore[arg-type]
            for i in range(25):
                sink.write(frame_of(GREY, Fraction(i, 25)), GREY)
            sink.finish()
    shown = times(io.BytesIO(pipe.data))
    assert [float(t - shown[0]) for t in shown] == pytest.approx([i / 25 for i in range(25)], abs=0.001)
    assert len(packets(io.BytesIO(pipe.data), "audio")) == len(packets(source, "audio"))


def test_a_folder_says_that_sound_is_not_kept(tmp_path: Path) -> None:
    source = film_with_sound(tmp_path / "night.mkv", "flac")
    with av.open(source) as container:
        about = stream_of(48, 64, track(tracks=[container.streams.audio[0]]))
        with open_folder(tmp_path / "day", False, about):
            assert about.warnings == ["its sound is not kept"]
            assert not about.keeps_aside
