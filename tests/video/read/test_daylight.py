"""Day and night in one clip: the switch lies where it is, and neither overlays nor single frames move it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import small_network
from numpy.typing import NDArray
from video_tools import film, play

import nircolor
from nircolor.errors import ColourInputError, InputError, UsageError
from nircolor.image import ImageInfo, NirImage
from nircolor.picture import Reading
from nircolor.scenes import quantise, render
from nircolor.video import FileSource, FolderSource, Frame, Source, Stream, StreamSource, open_source
from nircolor.video.read.daylight import DAY, EVIDENCE, NIGHT, Daylight, coloured

Pixels = NDArray[np.uint8]
HEIGHT, WIDTH = 96, 128
SCENE = render(7, HEIGHT, WIDTH)
COLOUR: Pixels = quantise(SCENE.rgb, 8)  # type: ignore[assignment]
GREY: Pixels = np.dstack([quantise(SCENE.nir, 8)] * 3)
N, D = False, True


def noisy(rgb: Pixels, number: int, spread: float = 4) -> Pixels:
    noise = np.random.default_rng(number).normal(0, spread, rgb.shape)
    return np.clip(rgb + noise, 0, 255).astype(np.uint8)


def overlaid(rgb: Pixels) -> Pixels:
    """With a yellow clock at the top and a red logo in a corner."""
    frame = rgb.copy()
    cv2.putText(frame, "06:12:33", (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 0), 1)
    frame[-14:, -18:] = (220, 20, 20)
    return frame


def faded(chroma: float) -> Pixels:
    """The day with a share of its colours, as a camera fades them."""
    luma = COLOUR @ np.array([0.299, 0.587, 0.114])
    return np.asarray(np.clip(luma[..., None] + chroma * (COLOUR - luma[..., None]), 0, 255), np.uint8)


def clip(days: list[bool]) -> list[Pixels]:
    return [overlaid(noisy(COLOUR if day else GREY, number)) for number, day in enumerate(days)]


def mjpeg(path: Path, frames: list[Pixels], suffix: str = ".jpg") -> Path:
    data = [cv2.imencode(suffix, frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 60])[1].tobytes() for frame in frames]
    path.write_bytes(b"".join(data))
    return path


def folder(path: Path, frames: list[Pixels], suffix: str = ".jpg") -> Path:
    path.mkdir()
    for number, frame in enumerate(frames, 1):
        mjpeg(path / f"f{number:03d}{suffix}", [frame], suffix)
    return path


def video(codec: str) -> Callable[[Path, list[Pixels]], Path]:
    return lambda path, frames: film(path.with_suffix(".mkv"), [frame[..., ::-1] for frame in frames], codec)


def h264(path: Path, frames: list[Pixels]) -> Path:
    """4:2:0 at a low rate, as cameras send it."""
    av = pytest.importorskip("av")
    path = path.with_suffix(".mp4")
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "30", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode())
    return path


WRITERS: dict[str, Callable[[Path, list[Pixels]], Path]] = {
    "mjpeg": video("MJPG"),
    "mpeg4": video("mp4v"),
    "lossless": video("FFV1"),
    "raw": mjpeg,
    "folder": folder,
}


def days_of(source: Source) -> list[bool]:
    return [frame.colours is not None for frame in source.frames()]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_switch_lies_where_it_is_with_noise_compression_and_overlays(tmp_path: Path, kind: str) -> None:
    days = [D] * 6 + [N] * 7 + [D] * 5
    source = open_source(WRITERS[kind](tmp_path / "x", clip(days)), Reading(colours="copy"))
    assert days_of(source) == days
    assert (source.stream.copied, source.stream.switches) == (11, 2)
    places = ("f007.jpg", "f014.jpg") if kind == "folder" else ("0:00", "0:00")
    told = [text for text in source.stream.warnings if text.startswith("at ")]
    assert told == [
        f"at {places[0]} colour ends: colorized from here on",
        f"at {places[1]} colour begins: passed on as they are",
    ]


def test_colours_that_a_codec_leaves_behind_fade_within_few_frames(tmp_path: Path) -> None:
    """H.264 at a low rate does not take all of them back at once."""
    source = open_source(h264(tmp_path / "x", clip([D] * 6 + [N] * 8 + [D] * 5)), Reading(colours="copy"))
    days = days_of(source)
    assert source.stream.switches == 2
    assert days[:6] + days[-5:] == [D] * 11
    assert days[6:].index(N) <= EVIDENCE


@pytest.mark.parametrize("kind", ["mjpeg", "raw", "folder"])
def test_what_becomes_of_colour_frames(tmp_path: Path, kind: str) -> None:
    days = [N] * 4 + [D] * 4
    frames = clip(days)
    path = WRITERS[kind](tmp_path / "x", frames)
    with pytest.raises(ColourInputError, match=r"(frame 5|f005.jpg): is a colour picture: \d+ % of its area is in "):
        days_of(open_source(path))
    assert not any(days_of(open_source(path, Reading(colours="colorize"))))
    assert not any(days_of(open_source(path, Reading(band=1))))
    source = open_source(path, Reading(colours="grey"))
    made = list(source.frames())
    for frame, picture, day in zip(made, frames, days, strict=True):
        luma = picture @ np.array([0.299, 0.587, 0.114])
        assert np.abs(frame.image.pixels * 255 - luma).mean() < 4  # the loss of the codec
        assert (frame.colours is not None, frame.file) == (day, None)
        if frame.colours is not None:
            np.testing.assert_array_equal(frame.colours, np.dstack([frame.image.pixels] * 3))
    assert source.stream.copied == 4


def test_what_is_in_colour() -> None:
    assert coloured(GREY) == coloured(np.full((1, 1, 3), 200, np.uint8)) == 0
    assert coloured(noisy(GREY, 1, 12)) < NIGHT
    assert coloured(overlaid(GREY)) < NIGHT / 2
    sign = GREY.copy()
    sign[40:60, 40:60] = (220, 20, 20)  # something red in the middle
    assert 0 < coloured(sign) < NIGHT
    tinted = noisy(np.clip(GREY + np.array([12, 0, 10]), 0, 255).astype(np.uint8), 1)
    assert coloured(tinted) < NIGHT  # a cast of the whole frame
    assert coloured(overlaid(tinted)) < NIGHT
    strong = np.clip(GREY + np.array([30, 0, 24]), 0, 255).astype(np.uint8)
    assert coloured(strong) > DAY  # as by the rule for pictures
    assert coloured(COLOUR) > 2 * DAY
    assert coloured(overlaid(noisy(COLOUR, 1, 12))) > 2 * DAY


def test_depth_makes_no_difference() -> None:
    share = coloured(COLOUR)
    assert coloured(COLOUR.astype(np.float32) / 255) == pytest.approx(share, abs=0.01)
    assert coloured(COLOUR.astype(np.uint16) * 257) == pytest.approx(share, abs=0.01)
    dim = COLOUR.astype(np.uint16) * 16  # 12 bits in 16
    assert coloured(dim) < share / 2
    assert coloured(dim, deep=True) >= share - 0.01


def frame_of(rgb: Pixels, number: int, time: Fraction | None = None) -> Frame:
    image = NirImage((rgb.mean(2) / 255).astype(np.float32), None, ImageInfo("PNG", "uint8"))
    return Frame(f"f{number}.png", image, (rgb / 255).astype(np.float32), time=time)


def sort(frames: list[Pixels], fps: float | None = 25.0, at: Fraction | None = None) -> tuple[list[bool], Stream]:
    stream = Stream(Path("x"), HEIGHT, WIDTH, fps, len(frames))
    numbered = (frame_of(rgb, n, at and at + n) for n, rgb in enumerate(frames))
    made = Daylight(stream, Reading(colours="copy")).sort(numbered)
    return [frame.colours is not None for frame in made], stream


@pytest.mark.parametrize("lone", [faded(0.2), faded(0), GREY, np.zeros_like(GREY)])
def test_single_frames_that_fail_do_not_end_the_day(lone: Pixels) -> None:
    days, stream = sort([lone, COLOUR, COLOUR, lone, COLOUR, lone, lone, COLOUR])
    assert all(days)
    assert stream.switches == 0


def test_single_frames_in_colour_do_not_end_the_night() -> None:
    tinted = np.clip(GREY.astype(int) * (1.2, 1, 0.7), 0, 255).astype(np.uint8)
    days, stream = sort([GREY, tinted, GREY, COLOUR, COLOUR, GREY, GREY])
    assert not any(days)
    assert stream.switches == 0
    assert stream.warnings == ["frame 2: is in colour in part, or among grey ones: read as grey, by its luma"]


def test_a_fade_is_one_switch() -> None:
    steps = np.linspace(1, 0, 12)
    frames = [noisy(faded(step), n) for n, step in enumerate([1, 1, 1, *steps, 0, 0, 0])]
    for shown, first in ((frames, D), (frames[::-1], N)):
        days, stream = sort(shown)
        assert stream.switches == 1
        assert (days[0], days[-1]) == (first, not first)


def test_flapping_ends_where_frames_agree() -> None:
    flaps = [COLOUR if n % 2 else GREY for n in range(9)]
    days, stream = sort([GREY, GREY, *flaps, COLOUR, COLOUR, COLOUR])
    assert (stream.switches, days[-3:], days[:9]) == (1, [D] * 3, [N] * 9)


@pytest.mark.parametrize(
    ("fps", "at", "place"),
    [(2.0, None, "0:02"), (None, None, "f4.png"), (25.0, Fraction(61), "1:05"), (25.0, Fraction(7200), "2:00:04")],
)
def test_the_switch_is_told_with_its_time(fps: float | None, at: Fraction | None, place: str) -> None:
    _, stream = sort([GREY] * 4 + [COLOUR] * 3, fps, at)
    assert stream.warnings == [f"at {place} colour begins: passed on as they are"]


def test_few_frames_wait_and_damage_waits_with_them() -> None:
    taken: list[int] = []

    def damaged() -> Iterator[Frame]:
        for number in range(6):
            taken.append(number)
            yield frame_of(GREY, number)
        raise InputError("is damaged")

    made = Daylight(Stream(Path("x"), HEIGHT, WIDTH, 25.0, 6), Reading(colours="copy")).sort(damaged())
    for number in range(6):
        assert next(made).name == f"f{number}.png"
        assert len(taken) <= number + EVIDENCE
    with pytest.raises(InputError, match="is damaged"):
        next(made)


def test_sources_of_every_kind_are_here(tmp_path: Path) -> None:
    kinds = {type(open_source(WRITERS[kind](tmp_path / kind, clip([N] * 2)))) for kind in ("raw", "folder", "mjpeg")}
    assert {StreamSource, FolderSource} < kinds
    assert isinstance(FileSource(video("FFV1")(tmp_path / "y", clip([N]))), FileSource)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> nircolor.EngineConfig:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    network = small_network.network(small_network.SMALL)
    return nircolor.EngineConfig(str(small_network.save(path, network)), precision="fp32")


def test_the_past_does_not_reach_over_the_day(tmp_path: Path, engine: nircolor.EngineConfig) -> None:
    """The first frame of a night is as if nothing had been before it."""
    path = WRITERS["lossless"](tmp_path / "x", clip([N] * 4 + [D] * 4 + [N] * 4))
    made = {}
    for smooth in (0.0, 0.9):
        output = tmp_path / f"{smooth}.mkv"
        options: dict[str, Any] = {"reading": Reading(colours="copy"), "smooth": smooth, "codec": "FFV1"}
        result = nircolor.colorize_video(path, output, engine=engine, **options)
        assert (result.frames, result.copied, result.switches) == (12, 4, 2)
        assert result.warnings[-1].endswith(": 4 of its frames are in colour: passed on as they are")
        made[smooth] = play(output)
    apart = [np.abs(a.astype(int) - b).max() for a, b in zip(*made.values(), strict=True)]
    same = [most <= 1 for most in apart]  # one: sums are rounded in another order where frames go together
    assert same == [True, False, False, False, *[True] * 4, True, False, False, False]


def test_a_batch_has_no_frames_to_turn_grey(tmp_path: Path, engine: nircolor.EngineConfig) -> None:
    source = folder(tmp_path / "x", clip([N]))
    with pytest.raises(UsageError, match=r"`colours=grey`: is for frames of a video; take `colours=copy` or"):
        nircolor.colorize_folder(source, tmp_path / "y", engine=engine, reading=Reading(colours="grey"))
