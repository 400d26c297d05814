"""Frames out of real files: all of them, as they were, and one clear line where they cannot be had."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from video_tools import HEIGHT, WIDTH, film, patch, shots

from nircolor.errors import InputError
from nircolor.picture import Reading
from nircolor.video import FileSource, FolderSource

ROTATED = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, HEIGHT << 16, 0, 1 << 30)
UPRIGHT = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


def refusal(path: Path, **options: int) -> str:
    source = FolderSource if path.is_dir() else FileSource
    with pytest.raises(InputError) as caught:
        list(source(path, Reading(**options)).frames())
    return str(caught.value)


@pytest.mark.parametrize(("name", "codec"), [("x.mp4", "mp4v"), ("x.avi", "MJPG"), ("x.mkv", "FFV1")])
def test_frames_of_a_file(tmp_path: Path, name: str, codec: str) -> None:
    frames = shots(7)
    source = FileSource(film(tmp_path / name, frames, codec, 29.97))
    stream = source.stream
    assert (stream.height, stream.width, stream.expected, stream.warnings) == (HEIGHT, WIDTH, 7, [])
    assert stream.fps == pytest.approx(29.97)
    found = list(source.frames())
    assert [frame.name for frame in found] == [f"frame_{i:06d}.png" for i in range(1, 8)]
    for frame, expected in zip(found, frames, strict=True):
        assert frame.image.pixels.shape == (HEIGHT, WIDTH)
        assert np.abs(frame.image.pixels * 255 - expected).mean() < (0.01 if codec == "FFV1" else 6)


def test_a_frame_with_damaged_tiles_offers_nothing_that_a_film_cannot_have(tmp_path: Path) -> None:
    import tifffile

    tifffile.imwrite(tmp_path / "f1.tif", np.full((64, 64), 9, np.uint8), tile=(32, 32), compression="zlib")
    with tifffile.TiffFile(tmp_path / "f1.tif") as file:
        offset = file.pages[0].dataoffsets[3]
    with (tmp_path / "f1.tif").open("r+b") as stream:
        stream.seek(offset)
        stream.write(b"\xff" * 8)
    told = refusal(tmp_path)
    assert "its tile at row 32, column 32" in told
    assert told.endswith("get a fresh copy")


def test_a_name_in_any_script(tmp_path: Path) -> None:
    assert len(list(FileSource(film(tmp_path / "ночь 夜 100%d.avi", shots(3))).frames())) == 3


def test_16_bits_stay_16(tmp_path: Path) -> None:
    path, deep = tmp_path / "x.mkv", [frame.astype(np.uint16) * 257 + 3 for frame in shots(3)]
    settings = [cv2.VIDEOWRITER_PROP_IS_COLOR, 0, cv2.VIDEOWRITER_PROP_DEPTH, cv2.CV_16U]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"FFV1"), 25, (WIDTH, HEIGHT), settings)
    if not writer.isOpened():
        pytest.skip("this OpenCV cannot write 16-bit FFV1")
    for frame in deep:
        writer.write(frame)
    writer.release()
    for frame, expected in zip(FileSource(path).frames(), deep, strict=True):
        assert frame.image.info.dtype == "uint16"
        np.testing.assert_allclose(frame.image.pixels * 65535, expected, atol=0.01)


def test_rotation_is_applied(tmp_path: Path) -> None:
    frames = shots(2)
    path = patch(film(tmp_path / "x.mp4", frames, "mp4v"), UPRIGHT, ROTATED)  # the track's; the movie's comes first
    source = FileSource(path)
    assert (source.stream.height, source.stream.width) == (WIDTH, HEIGHT)
    first = next(source.frames()).image.pixels * 255
    assert np.abs(first - np.rot90(frames[0], -1)).mean() < 6


def test_a_changing_frame_rate_is_told(tmp_path: Path) -> None:
    path = film(tmp_path / "x.mp4", shots(12), "mp4v")
    data = path.read_bytes()
    at = data.index(b"stts")
    _, count, samples, delta = struct.unpack(">4I", data[at + 4 : at + 20])
    assert (count, samples) == (1, 12)
    # nine quick frames, then three slow ones, as long in all: a second entry makes all boxes around it longer
    entries = struct.pack(">6I", 0, 2, 9, delta // 2, 3, delta * 5 // 2)
    grown = bytearray(data[: at + 4] + entries + data[at + 20 :])
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts"):
        place = data.index(kind) - 4
        grown[place : place + 4] = struct.pack(">I", struct.unpack(">I", data[place : place + 4])[0] + 8)
    path.write_bytes(grown)
    source = FileSource(path)
    assert len(list(source.frames())) == 12
    assert source.stream.warnings == ["its frame rate changes; the output has a constant one, so the times shift"]


def test_sound_is_told(tmp_path: Path) -> None:
    path = film(tmp_path / "x.avi", shots(2))
    with path.open("ab") as stream:  # behind the last frame no player looks
        stream.write(b"strh\x08\x00\x00\x00auds\0\0\0\0")
    assert FileSource(path).stream.warnings == ["its sound is not kept"]


def test_a_colour_video_is_refused_but_for_one_band(tmp_path: Path) -> None:
    colour = [np.dstack([frame, 255 - frame, np.full_like(frame, 40)]) for frame in shots(3)]  # BGR
    path = film(tmp_path / "x.mkv", colour, "FFV1")
    assert refusal(path).startswith(f"{path}: frame 1: is a colour picture: 100 % of its area is in colour; ")
    for band, value in ((1, 40), (3, colour[0][..., 0])):
        pixels = next(FileSource(path, Reading(band=band)).frames()).image.pixels
        np.testing.assert_allclose(pixels * 255, value * np.ones_like(pixels), atol=0.01)
    assert "has no band 4; choose `band=1` to 3" in refusal(path, band=4)


def test_files_that_are_no_videos(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    assert refusal(path) == f"{path}: does not exist; check the name"
    for data, words in (
        (b"", "is empty (0 bytes)"),
        (b"hello\n" * 100, "is no video of a supported format; convert it"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "is one picture; use nircolor colorize"),
        (film(tmp_path / "whole.mp4", shots(5), "mp4v").read_bytes()[:-300], "no frame can be read: damaged"),
    ):
        path.write_bytes(data)
        assert refusal(path).startswith(f"{path}: {words}")


@pytest.mark.parametrize(("name", "codec"), [("x.avi", "MJPG"), ("x.mkv", "FFV1")])
def test_a_truncated_file_gives_what_it_has_then_says_so(tmp_path: Path, name: str, codec: str) -> None:
    path = film(tmp_path / name, shots(20), codec)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = []
    with pytest.raises(InputError, match=r"ends after \d+ of 20 frames: damaged"):
        found.extend(frame.name for frame in FileSource(path).frames())
    frames = FileSource(path).frames()
    for _ in range(5):
        assert next(frames).image.pixels.std() > 0.05


def folder(path: Path, names: list[str]) -> Path:
    path.mkdir()
    for name, frame in zip(names, shots(len(names)), strict=True):
        (path / name).write_bytes(cv2.imencode(Path(name).suffix, frame)[1].tobytes())
    return path


def test_frames_of_a_folder_go_by_number(tmp_path: Path) -> None:
    place = folder(tmp_path / "f", ["v2_9.png", "v2_10.png", "v2_011.png"])
    (place / "notes 12.txt").write_text("no picture")
    (place / ".hidden_1.png").write_text("no frame")
    source = FolderSource(place)
    stream = source.stream
    assert (stream.height, stream.width, stream.fps, stream.expected) == (HEIGHT, WIDTH, None, 3)
    assert [frame.name for frame in source.frames()] == ["v2_9.png", "v2_10.png", "v2_011.png"]
    assert stream.warnings == []


def test_pictures_without_a_number_are_told(tmp_path: Path) -> None:
    place = folder(tmp_path / "f", ["1.png", "2.png", "cover.png"])
    assert FolderSource(place).stream.warnings == ["pictures without a number are left out: cover.png"]


def test_gaps_are_told(tmp_path: Path) -> None:
    numbers = (1, 2, 4, 9, 11, 13, 20)
    place = folder(tmp_path / "f", [f"{i:03d}.png" for i in numbers])
    assert FolderSource(place).stream.warnings == [
        "frames are missing: 3, 5 to 8, 10 and 2 more gaps; the output goes on without them"
    ]


def test_folders_that_are_no_sequence(tmp_path: Path) -> None:
    two = folder(tmp_path / "two", ["left1.png", "left2.png", "right1.png"])
    assert refusal(two).startswith(f"{two}: has more than one sequence (left1.png, right1.png)")
    none = folder(tmp_path / "none", ["a.png"])
    assert refusal(none) == f"{none}: has no numbered pictures, such as frame_0001.png; name them so"


def test_another_size_names_the_frame(tmp_path: Path) -> None:
    place = folder(tmp_path / "f", ["1.png", "2.png", "3.png"])
    (place / "3.png").write_bytes(cv2.imencode(".png", np.zeros((20, 30), np.uint8))[1].tobytes())
    assert refusal(place).startswith(f"{place / '3.png'}: is 30 x 20 pixels, but the first frame is 64 x 48; ")
