"""Damage: named by its time, in one line each, and the rest is there."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av_films import av, av_film, headless, marred, packets, stored
from video_tools import shots

from nircolor.errors import InputError
from nircolor.video import open_source
from nircolor.video.frames import Faults
from nircolor.video.read.av_source import AvSource

CODECS = [
    ("x.mp4", "libx264", "yuv420p", {"g": "20", "bf": "0"}, "a frame is damaged"),
    ("x.avi", "mjpeg", "yuvj420p", {}, "a frame is damaged (data is missing from row"),
    ("x.mkv", "ffv1", "gray", {"level": "3", "slicecrc": "1"}, "a frame is damaged (a checksum does not fit)"),
    ("x.avi", "mpeg4", "yuv420p", {"b": "2000000"}, "a frame is damaged"),
    ("x.mov", "prores_ks", "yuv422p10le", {}, "a frame is damaged"),
]


@pytest.mark.parametrize(("name", "codec", "pix", "options", "words"), CODECS)
def test_a_damaged_frame_is_named_by_its_time_and_the_rest_is_done(
    tmp_path: Path, name: str, codec: str, pix: str, options: dict[str, str], words: str
) -> None:
    path = marred(av_film(tmp_path / name, shots(60, 128, 128), codec, pix, options=options), 20)
    source = AvSource(path)
    frames = list(source.frames())
    assert len(frames) == 60
    (told,) = source.stream.faults.told
    assert told.startswith(f"at 0:00.800: {words}")


@pytest.mark.parametrize(("name", "codec"), [("x.mp4", "libx265"), ("x.mp4", "libx264"), ("x.webm", "libvpx-vp9")])
def test_a_frame_that_cannot_be_decoded_is_left_out_and_named(tmp_path: Path, name: str, codec: str) -> None:
    options = {"x265-params": "log-level=none:bframes=0"} if codec == "libx265" else {"bf": "0"}
    source = AvSource(headless(av_film(tmp_path / name, shots(60, 128, 128), codec, options=options), 20))
    times = [frame.time for frame in source.frames()]
    assert [i for i in range(60) if Fraction(i, 25) not in times] == [20]
    told, *others = source.stream.faults.told
    assert told in ("at 0:00.800: a frame is missing", "at 0:00.800: a frame cannot be decoded: left out")
    # those that a lost one is the source of have to be made up, too
    assert others in (
        [],
        ["from 0:00.840 to 0:02.360: 39 frames are damaged; what they lack was made up by the decoder"],
    )


def test_an_intact_video_has_no_faults(tmp_path: Path) -> None:
    for name, codec, pix, options, _ in CODECS:
        source = AvSource(av_film(tmp_path / name, shots(12, 128, 128), codec, pix, options=options))
        assert len(list(source.frames())) == 12
        assert source.stream.faults.told == ()


def test_colours_that_damage_makes_are_none(tmp_path: Path) -> None:
    """Frames that a damaged one is the source of may be green: they are read by their luma up to the next key frame."""
    pictures = shots(20, 128, 128)
    frames = [stored(picture, "yuv420p", *((200, 60) if 5 < i < 10 else ())) for i, picture in enumerate(pictures)]
    path = av_film(
        tmp_path / "x.avi", frames, "mpeg4", options={"g": "5", "b": "2000000", "sc_threshold": "1000000000"}
    )
    with pytest.raises(InputError, match="frame 7: is a colour picture"):
        list(AvSource(path).frames())
    source = AvSource(marred(path, 5))
    assert len(list(source.frames())) == 20
    assert source.stream.faults.told[0].startswith("at 0:00.200: a frame is damaged")


def test_many_faults_are_counted() -> None:
    faults = Faults()
    for number in range(500):
        faults.add(f"at {number}: damaged")
    assert len(faults.told) == 11
    assert faults.told[-1] == "and 490 more places are damaged"


@pytest.mark.parametrize(
    ("name", "codec"),
    [("x.avi", "mjpeg"), ("x.mkv", "ffv1"), ("x.mp4", "libx264"), ("x.mkv", "libx264"), ("x.flv", "libx264")],
)
def test_a_truncated_file_gives_what_it_has_then_names_the_time(tmp_path: Path, name: str, codec: str) -> None:
    path = av_film(tmp_path / name, shots(50, 128, 128), codec, "yuvj420p" if codec == "mjpeg" else "yuv420p")
    if name == "x.mp4":
        path = front(path)
    data = path.read_bytes()
    path.write_bytes(data[: packets(path)[25][0] + 5])
    source, found = AvSource(path), []
    with pytest.raises(InputError, match=r"x\.\w+: ends after 2\d of 50 frames, at 0:0[01]\.\d+: damaged") as caught:
        found.extend(frame.time for frame in source.frames())
    assert found[:20] == [Fraction(i, 25) for i in range(20)]
    assert str(caught.value).endswith("; get a fresh copy")


def front(path: Path) -> Path:
    """``path`` with its index before its data."""
    other = path.with_name(f"front_{path.name}")
    with av.open(str(path)) as source, av.open(str(other), "w", options={"movflags": "faststart"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    return other


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        AvSource(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def test_files_that_hold_no_frame(tmp_path: Path) -> None:
    path = av_film(tmp_path / "x.mp4", shots(9))
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"moov") - 4])
    assert refusal(path).startswith("has no index (moov): its recording was not finished, or it is truncated; get a")
    path.write_bytes(b"")
    assert refusal(path) == "is empty (0 bytes); get a fresh copy"
    path.write_bytes(b"hello\n" * 100)
    assert refusal(path).startswith("is no video of a supported format; convert it to MP4, MKV or AVI")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    assert refusal(path) == "is one picture; use nircolor colorize"
    assert refusal(tmp_path / "none.mp4") == "does not exist; check the name"


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.avi"])
def test_sound_alone(tmp_path: Path, name: str) -> None:
    with av.open(str(tmp_path / name), "w") as container:
        voice = container.add_stream("aac", rate=8000)
        voice.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 8000, 0
        container.mux(voice.encode(frame))
        container.mux(voice.encode(None))
    assert refusal(tmp_path / name) == "holds no video (it has sound alone); give a file that has frames"


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.avi"])
def test_no_frames(tmp_path: Path, name: str) -> None:
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height = 64, 48
        container.start_encoding()
    assert refusal(tmp_path / name)


def test_another_size_names_the_time(tmp_path: Path) -> None:
    one = av_film(tmp_path / "a.ts", shots(10)).read_bytes()
    path = av_film(tmp_path / "b.ts", shots(10, 96, 128), times=range(10, 20))
    path.write_bytes(one + path.read_bytes())
    source, found = AvSource(path), []
    with pytest.raises(InputError) as caught:
        found.extend(source.frames())
    assert len(found) == 10
    told = f"{path}: frame 11 at 0:00.400: is 128 x 96 pixels, unlike those before; cut it there"
    assert str(caught.value) == told


def test_sizes_that_no_memory_holds(tmp_path: Path) -> None:
    path = tmp_path / "x.y4m"
    path.write_bytes(b"YUV4MPEG2 W100000 H100000 F25:1 Ip C420\nFRAME\n" + bytes(1000))
    assert refusal(path).startswith("cannot be opened: damaged or unfinished (")  # which FFmpeg itself refuses
    for side, told in ((100_000, "does not say how large its frames are, or"), (11_000, "has frames of 11000 x 11000")):
        path = av_film(tmp_path / "x.avi", shots(2), "ffv1", "gray")
        data = path.read_bytes()
        at = data.index(b"strf") + 12
        path.write_bytes(data[:at] + side.to_bytes(4, "little") * 2 + data[at + 8 :])
        assert refusal(path).startswith(told)


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """FFmpeg would open what playlists name."""
    inner = av_film(tmp_path / "inner.mp4", shots(3))
    for text in (f"ffconcat version 1.0\nfile {inner}\n", f"#EXTM3U\n#EXTINF:1,\n{inner}\n", f"<MPD>{inner}</MPD>"):
        path = tmp_path / "list.mp4"
        path.write_text(text.ljust(600))
        assert refusal(path).startswith("is no video of a supported format")


def test_a_clip_that_begins_between_key_frames(tmp_path: Path) -> None:
    path = av_film(tmp_path / "x.ts", shots(40), options={"g": "20", "bf": "0"})
    data = path.read_bytes()
    path.write_bytes(data[len(data) // 3 // 188 * 188 :])
    source = open_source(path)
    assert len(list(source.frames())) == 20
    assert source.stream.faults.told == ()


@pytest.mark.parametrize(
    ("name", "codec", "pix"),
    [
        ("x.mp4", "libx264", "yuv420p"),
        ("x.avi", "mjpeg", "yuvj420p"),
        ("x.mkv", "ffv1", "gray"),
        ("x.ts", "mpeg4", "yuv420p"),
    ],
)
def test_whatever_is_wrong_there_is_an_end(tmp_path: Path, name: str, codec: str, pix: str) -> None:
    path, chance = av_film(tmp_path / name, shots(6), codec, pix), random.Random(name)
    whole, ends = path.read_bytes(), []
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.choice((len(data), len(data), chance.randrange(len(data))))])
        try:
            source = AvSource(path)
            assert sum(1 for _ in source.frames()) < 100
            source.close()
        except InputError as error:
            ends.append(str(error))
    assert ends
    assert not any("\n" in told for told in ends)
