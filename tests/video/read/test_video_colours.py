"""Colour frames among near-infrared ones, pixels that are not square, and pictures without a container."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from video_tools import HEIGHT, WIDTH, film, patch, play, shots

from nircolor.errors import ColourInputError, InputError, UsageError
from nircolor.image import read_nir
from nircolor.picture import Reading
from nircolor.scenes import quantise, render
from nircolor.video import FileSource, FolderSource, Source, StreamSource, open_file, open_folder, open_source, run
from nircolor.video.flow import Paint
from nircolor.video.frames import Frame

DAY = np.ascontiguousarray(quantise(render(7, HEIGHT, WIDTH).rgb, 8)[..., ::-1])  # BGR, as OpenCV has it
UPRIGHT = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
ROTATED = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, HEIGHT << 16, 0, 1 << 30)
NIGHT = [np.dstack([frame] * 3) for frame in shots(4)]
MIXED = [NIGHT[0], NIGHT[1], DAY, DAY, DAY, NIGHT[2], NIGHT[3]]
BY_DAY = [False, False, True, True, True, False, False]


def frames(folder: Path, pictures: list[np.ndarray], suffix: str = ".png") -> Path:
    folder.mkdir()
    for number, frame in enumerate(pictures, 1):
        cv2.imwrite(str(folder / f"f{number}{suffix}"), frame)
    return folder


def stream(path: Path, pictures: list[np.ndarray], suffix: str = ".jpg") -> Path:
    path.write_bytes(b"".join(cv2.imencode(suffix, frame)[1].tobytes() for frame in pictures))
    return path


SOURCES = {
    "video": lambda place: film(place / "x.mkv", MIXED, "FFV1"),
    "folder": lambda place: frames(place / "x", MIXED),
    "stream": lambda place: stream(place / "x.png", MIXED, ".png"),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_colour_frames_are_refused_copied_or_read_by_their_luma(tmp_path: Path, kind: str) -> None:
    path = SOURCES[kind](tmp_path)
    with pytest.raises(
        ColourInputError, match=r"(f3.png|frame 3)( at 0:00.080)?: is a colour picture: .*; `colours=copy` "
    ):
        list(open_source(path).frames())
    read = [frame.image.pixels for frame in open_source(path, Reading(colours="colorize")).frames()]
    for number, pixels in enumerate(read):
        np.testing.assert_allclose(pixels * 255, cv2.cvtColor(MIXED[number], cv2.COLOR_BGR2GRAY), atol=1)
    source = open_source(path, Reading(colours="copy"))
    passed = list(source.frames())
    assert [frame.colours is not None for frame in passed] == BY_DAY
    np.testing.assert_allclose(passed[2].colours * 255, DAY[..., ::-1], atol=0.01)
    assert (source.stream.copied, source.stream.switches) == (3, 2)


def painted(*factors: int) -> Paint:
    """Frames in colour as they are, and of others their NIR, as red, green and blue."""

    def paint(frames: Sequence[Frame]) -> list[Any]:
        greys = [frame.image.pixels[..., None] * np.float32(factors) for frame in frames]
        return [grey if frame.colours is None else frame.colours for grey, frame in zip(greys, frames, strict=True)]

    return paint


@pytest.mark.parametrize("kind", SOURCES)
def test_copied_frames_are_in_the_output_as_they_were(tmp_path: Path, kind: str) -> None:
    path = SOURCES[kind](tmp_path)
    with open_file(tmp_path / "y.mkv", open_source(path).stream, 25, "FFV1", False) as sink:
        passed = run(open_source(path, Reading(colours="copy")), sink, painted(0, 1, 1))
        assert passed.frames == 7
        sink.finish()
    made = play(tmp_path / "y.mkv")
    assert [np.array_equal(frame, DAY) for frame in made] == BY_DAY
    assert made[5][..., 2].max() == 0


def test_a_copied_picture_of_a_folder_stays_the_same_file(tmp_path: Path) -> None:
    path = frames(tmp_path / "x", MIXED, ".jpg")
    with open_folder(tmp_path / "y", False) as sink:
        run(FolderSource(path, Reading(colours="copy")), sink, painted(1, 1, 1))
        sink.finish()
    names = [f"f{number}.jpg" for number in range(1, 8)]
    same = [(tmp_path / "y" / name).read_bytes() == (path / name).read_bytes() for name in names]
    assert same == BY_DAY


def test_a_frame_is_judged_as_the_picture_of_it_is(tmp_path: Path) -> None:
    clock, cast = NIGHT[0].copy(), NIGHT[0].astype(int)
    clock[:9, :12] = (0, 255, 255)  # 3.5 % of the pixels
    cast[..., 2] += 5
    for picture, told in ((clock, True), (np.clip(cast, 0, 255).astype(np.uint8), False)):
        expected = read_nir(cv2.imencode(".png", picture)[1].tobytes())
        source = FileSource(film(tmp_path / "x.mkv", [picture], "FFV1"))
        np.testing.assert_array_equal(next(source.frames()).image.pixels, expected.pixels)
        # small differences, which a codec makes of its own, are not told of a video
        assert source.stream.warnings == [f"frame 1: {text}" for text in expected.info.warnings if told]


def shaped(path: Path, across: int, down: int) -> Path:
    """An MP4 whose pixels are so wide and so high: a ``pasp`` box at the end of its sample entry."""
    data = film(path, shots(3), "mp4v").read_bytes()
    entry = data.index(b"stsd") + 12
    end = entry + struct.unpack_from(">I", data, entry)[0]
    grown = bytearray(data[:end] + struct.pack(">I4s2I", 16, b"pasp", across, down) + data[end:])
    places = [data.index(kind) - 4 for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")]
    for place in (*places, entry):
        struct.pack_into(">I", grown, place, struct.unpack_from(">I", data, place)[0] + 16)
    path.write_bytes(grown)
    return path


@pytest.mark.parametrize(("aspect", "size"), [((1, 2), (96, 64)), ((12, 11), (48, 70)), ((1, 1), (48, 64))])
def test_pixels_become_square_in_a_video_and_stay_in_a_folder(
    tmp_path: Path, aspect: tuple[int, int], size: tuple[int, int]
) -> None:
    path = shaped(tmp_path / "x.mp4", *aspect)
    source = FileSource(path)
    assert source.stream.pixel_aspect == pytest.approx(aspect[0] / aspect[1])
    with open_file(tmp_path / "y.webm", source.stream, 25, None, False) as sink:
        run(source, sink, painted(1, 1, 1))
        sink.finish()
    assert play(tmp_path / "y.webm")[0].shape[:2] == size
    told = "its pixels are not square" in " ".join(source.stream.warnings)
    again = FileSource(path)
    with open_folder(tmp_path / "y", False, again.stream) as sink:
        run(again, sink, painted(1, 1, 1))
        sink.finish()
    assert cv2.imread(str(tmp_path / "y" / "frame_000001.png")).shape[:2] == (48, 64)
    assert told == ("frames in a folder keep them" in " ".join(again.stream.warnings)) == (aspect != (1, 1))


def test_a_turned_pixel_is_as_wide_as_it_was_high(tmp_path: Path) -> None:
    path = patch(shaped(tmp_path / "x.mp4", 1, 2), UPRIGHT, ROTATED)
    stream = FileSource(path).stream
    assert (stream.width, stream.height, stream.pixel_aspect, stream.square) == (HEIGHT, WIDTH, 2, (WIDTH, 2 * HEIGHT))


def test_raw_mjpeg_is_read_picture_by_picture(tmp_path: Path) -> None:
    path = stream(tmp_path / "raw.mjpeg", NIGHT)
    source = open_source(path)
    assert isinstance(source, StreamSource)
    assert (source.stream.height, source.stream.width, source.stream.fps) == (HEIGHT, WIDTH, 25)
    assert (source.stream.fps_assumed, source.stream.warnings) == (True, [])
    found = list(source.frames())
    assert [frame.name for frame in found] == [f"frame_{i:06d}.png" for i in range(1, 5)]
    for frame, picture in zip(found, NIGHT, strict=True):
        still = read_nir(cv2.imencode(".jpg", picture)[1].tobytes())
        np.testing.assert_array_equal(frame.image.pixels, still.pixels)
    source.close()


def test_damage_in_a_stream_names_the_frame(tmp_path: Path) -> None:
    path = stream(tmp_path / "raw.mjpeg", NIGHT)
    whole = path.read_bytes()

    def error(source: Source) -> str:
        with pytest.raises(InputError) as caught:
            list(source.frames())
        return str(caught.value)

    path.write_bytes(whole[:-50])
    assert error(open_source(path)).startswith(f"{path}: frame 4: is ")
    path.write_bytes(whole + b"rubbish behind the last picture")
    assert error(open_source(path)).startswith(f"{path}: frame 5: is no picture")
    path.write_bytes(whole + cv2.imencode(".jpg", NIGHT[0][:20])[1].tobytes())
    assert error(open_source(path)) == f"{path}: frame 5: is 64 x 20 pixels, unlike those before; cut it there"


def test_what_is_no_stream(tmp_path: Path) -> None:
    one = stream(tmp_path / "one.mjpeg", NIGHT[:1])
    with pytest.raises(InputError, match="is one picture; use nircolor colorize"):
        open_source(one)
    moving = tmp_path / "x.png"
    moving.write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 13, b"IHDR") + bytes(17) + b"\0\0\0\x08acTL" + bytes(12)
    )
    with pytest.raises(InputError, match="is an animated PNG; save its frames as numbered pictures"):
        open_source(moving)
    with pytest.raises(UsageError, match="has no pages; leave `page` out"):
        open_source(one, Reading(page=2))
    with pytest.raises(InputError, match="does not exist; check the name"):
        open_source(tmp_path / "none.mjpeg")
