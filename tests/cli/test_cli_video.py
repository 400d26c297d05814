"""``nircolor video``: real videos and folders in, real ones out, every failure one line and a code."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from cli_tools import HEAVY, Run, save
from struck import held, strike

from nircolor.scenes import quantise, render

WIDE = quantise(render(3, 60, 120).nir, 16)
KEYS = {
    "input", "output", "frames", "width", "height", "fps", "seconds", "frames_per_second", "smooth", "scene_changes",
    "copied", "switches", "device", "kernel", "precision", "weights", "sha256", "warnings",
}  # fmt: skip

FRAMES = "nircolor.video.colours.steady:Steady.paint"
"""Called for four frames at a time."""


def shots(count: int) -> list[np.ndarray]:
    """(60, 80) uint16 each, as a turning camera sees them."""
    return [WIDE[:, 2 * (i % 20) : 2 * (i % 20) + 80] for i in range(count)]


def film(path: Path, count: int = 5, codec: str = "MJPG") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 12.5, (80, 60))
    if not writer.isOpened():
        pytest.skip(f"this OpenCV cannot write {codec} into {path.suffix}")
    for frame in shots(count):
        writer.write(cv2.cvtColor((frame >> 8).astype(np.uint8), cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def frames(folder: Path, count: int = 3) -> Path:
    folder.mkdir()
    for i, frame in enumerate(shots(count), 1):
        save(folder / f"cam_{i:04d}.png", frame)
    return folder


def look(path: Path) -> tuple[int, tuple[int, ...], float]:
    """Number, shape and rate of the frames of a video."""
    capture, count, shape = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), 0, ()
    while (found := capture.read())[0]:
        count, shape = count + 1, found[1].shape
    return count, shape, capture.get(cv2.CAP_PROP_FPS)


@pytest.mark.parametrize(("name", "codec"), [("cam.mp4", "mp4v"), ("夜 cam.avi", "MJPG")])
def test_a_video(inside: Run, tmp_path: Path, tiny_weights: Path, name: str, codec: str) -> None:
    source = film(tmp_path / name, 5, codec)
    before = source.read_bytes()
    result = inside("video", name, "--weights", tiny_weights, "--json")
    assert result.code == 0, result.err
    output = source.with_name(f"{source.stem}_rgb{source.suffix}")
    assert look(output) == (5, (60, 80, 3), pytest.approx(12.5))
    assert set(result.json) == KEYS
    fixed = {"output": output.name, "frames": 5, "width": 80, "height": 60, "smooth": 0.8, "warnings": []}
    assert result.json.items() >= fixed.items()
    assert [line.split()[0] for line in result.err.splitlines()] == ["device", name.split()[0]]
    assert source.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2
    again = inside("video", name, "--weights", tiny_weights)
    assert again.code == 2
    assert "exists already" in again.err
    assert inside("video", name, "--weights", tiny_weights, "--overwrite", "-q").err == ""


def assert_alike(one: Path, other: Path) -> None:
    """But for how sums are rounded: for one picture alone the network is not optimised."""
    first, second = (cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in (one, other))
    assert first.dtype == second.dtype
    assert cv2.absdiff(first, second).max() <= (2 if first.dtype == np.uint16 else 1)


def test_frames_without_smoothing_are_those_of_colorize(inside: Run, tmp_path: Path) -> None:
    line = ("--precision", "fp32", "-q")  # and the packaged weights: those of other tests give back grey
    source = frames(tmp_path / "in")
    assert inside("video", "in/", "--smooth", "0", *line).code == 0
    for path in source.iterdir():
        assert inside("colorize", path, "-o", "one.png", "--overwrite", *line).code == 0
        assert_alike(tmp_path / "in_rgb" / path.name, tmp_path / "one.png")
    assert sorted(p.name for p in (tmp_path / "in_rgb").iterdir()) == [f"cam_{i:04d}.png" for i in (1, 2, 3)]
    assert inside("video", "in", "-o", "smooth", *line).code == 0
    first, alone = (
        cv2.imread(str(tmp_path / name / "cam_0001.png"), cv2.IMREAD_UNCHANGED) for name in ("smooth", "in_rgb")
    )
    assert cv2.absdiff(first, alone).max() <= 8  # of 65535: frames that go together round in another order


def test_smoothing_changes_the_colours_of_what_stands_still(inside: Run, tmp_path: Path) -> None:
    source, line = tmp_path / "in", ("--precision", "fp32", "-q")
    picture = cv2.imread(str(frames(source, 1) / "cam_0001.png"), cv2.IMREAD_UNCHANGED).astype(np.float32)
    noise, most = np.random.default_rng(3), 0.02 * picture.max()
    for i in (1, 2, 3):
        noisy = np.clip(picture + noise.normal(0, most, picture.shape), 0, 65535)
        cv2.imwrite(str(source / f"cam_000{i}.png"), noisy.astype(np.uint16))
    assert inside("video", "in", "-o", "smooth", *line).code == 0
    assert inside("video", "in", "-o", "single", "--smooth", "0", *line).code == 0
    last, alone = (
        cv2.imread(str(tmp_path / name / "cam_0003.png"), cv2.IMREAD_UNCHANGED) for name in ("smooth", "single")
    )
    assert cv2.absdiff(last, alone).mean() > 100  # of 65535


def test_corrections_by_hand(inside: Run, tmp_path: Path) -> None:
    """As of ``colorize``: the whole of it, since both ask the same engine."""
    line = ("--precision", "fp32", "-q", "--brightness", "1.3", "--colour", "0.5", "--warmth", "1.2")
    frames(tmp_path / "in", 1)
    result = inside("video", "in", "--smooth", "0", "--json", *line)
    assert result.json["correction"] == {"brightness": 1.3, "colour": 0.5, "warmth": 1.2}
    assert inside("colorize", "in/cam_0001.png", "-o", "one.png", *line).code == 0
    assert_alike(tmp_path / "in_rgb" / "cam_0001.png", tmp_path / "one.png")
    assert "--colour 11.0: out of range" in inside("video", "in", "-o", "x", "--colour", "11").err


def test_from_a_folder_to_a_video_and_back(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    frames(tmp_path / "in", 4)
    (tmp_path / "in" / "cam_0002.png").unlink()
    line = ("video", "in", "-o", "x.mkv", "--weights", tiny_weights)
    assert "has no frame rate; give one with --fps" in inside(*line).err
    result = inside(*line, "--fps", "30", "--codec", "FFV1", "--json")
    assert result.code == 0, result.err
    assert look(tmp_path / "x.mkv") == (3, (60, 80, 3), pytest.approx(30))
    assert result.json["warnings"] == ["in: frames are missing: 2; the output goes on without them"]
    back = inside("video", film(tmp_path / "y.avi"), "-o", "back", "--weights", tiny_weights, "--json")
    assert sorted(p.name for p in (tmp_path / "back").iterdir()) == [f"frame_{i:06d}.png" for i in range(1, 6)]
    assert back.json["fps"] is None


def test_sound_is_told_once(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    pytest.importorskip("av", reason="films with sound are made by PyAV, which is not installed")
    from sounding_films import sounding_film

    sounding_film(tmp_path / "x.mp4", 5)
    assert inside("video", "x.mp4", "-o", "frames", "--weights", tiny_weights).err.count("its sound is not kept") == 1


def test_a_truncated_video_keeps_what_there_is(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    path = film(tmp_path / "x.avi", 20)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    result = inside("video", "x.avi", "--weights", tiny_weights, "--json")
    assert result.code == 1
    assert "error: x.avi: ends after" in result.err
    values = result.json
    assert values["exit_code"] == 1
    assert "the frames before it are in x_rgb.avi" in values["error"]
    assert look(tmp_path / "x_rgb.avi")[0] == values["frames"] > 5


def test_a_damaged_frame_of_a_folder(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    source = frames(tmp_path / "in")
    (source / "cam_0003.png").write_bytes((source / "cam_0003.png").read_bytes()[:-900])
    result = inside("video", "in", "--weights", tiny_weights)
    assert result.code == 1
    assert "in/cam_0003.png: " in result.err
    assert len(list((tmp_path / "in_rgb").iterdir())) == 2
    save(source / "cam_0001.png", np.zeros((8, 8, 3), np.uint8) + 50 * np.arange(3, dtype=np.uint8))
    result = inside("video", "in", "-o", "other", "--weights", tiny_weights)
    assert (result.code, "cam_0001.png: is a colour picture" in result.err) == (3, True)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "is empty (0 bytes)"), (b"some text\n" * 50, "is no video"), (None, "does not exist; check the name")],
)
def test_what_is_no_video(inside: Run, tmp_path: Path, tiny_weights: Path, data: bytes | None, words: str) -> None:
    if data is not None:
        (tmp_path / "x.mp4").write_bytes(data)
    result = inside("video", "x.mp4", "--weights", tiny_weights)
    assert (result.code, result.err.count("\n"), words in result.err) == (3, 1, True), result.err


def test_wrong_usage(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    film(tmp_path / "x.avi")
    for args, words in (
        (("-o", "x.avi", "--overwrite"), "is the input itself"),
        (("-o", "folder", "--fps", "9"), "--fps: folder is a folder of frames"),
        (("-o", "folder", "--codec", "FFV1"), "--codec: folder is a folder of frames"),
        (("--smooth", "1"), "--smooth 1: give 0"),
        (("--smooth", "0.5", "--prior", "tile"), "--smooth: needs --prior global"),
        (("--fps", "0"), "--fps 0: give more than 0"),
        (("--codec", "ZZZZ"), "--codec ZZZZ: no codec of this name is known"),
        (("--device", "gpu"), "--device gpu"),
    ):
        result = inside("video", "x.avi", *args, "--weights", tiny_weights)
        assert (result.code, words in result.err) == (2, True), result.err
    assert [p.name for p in tmp_path.iterdir()] == ["x.avi"]


@pytest.mark.parametrize(
    ("number", "code", "calls"), [(signal.SIGINT, 130, 1), (signal.SIGINT, 130, 4), (signal.SIGTERM, 143, 4)]
)
def test_interrupted_it_leaves_no_folder_of_frames(
    tmp_path: Path, tiny_weights: Path, number: int, code: int, calls: int
) -> None:
    """Before the first frame is done, or after it."""
    film(tmp_path / "x.avi", 100)
    line = ("video", "x.avi", "-o", "y", "--weights", tiny_weights)
    done = strike(FRAMES, number, *line, cwd=tmp_path, calls=calls)
    assert done.returncode == code, done.stderr
    about, *told = done.stderr.splitlines()
    assert (about.startswith("device "), told) == (True, ["nircolor: error: interrupted"])
    assert [p.name for p in tmp_path.iterdir()] == ["x.avi"]


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot lock a folder")
def test_what_a_killed_one_has_left_is_removed_by_the_next(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    film(tmp_path / "x.avi", 9)
    with held(FRAMES, "video", "x.avi", "-o", "y", "--weights", tiny_weights, cwd=tmp_path):
        left = list(tmp_path.glob(".nircolor-*.tmp"))  # a draft and a lock
        for place in left:
            os.utime(place, (1e9, 1e9))
        film(tmp_path / "y.avi", 3)
        assert inside("video", "y.avi", "-q", "--weights", tiny_weights).code == 0
        assert len(left) == 2
        assert all(place.exists() for place in left), "of one that is still at work"
    for place in left:
        os.utime(place, (1e9, 1e9))
    (tmp_path / ".nircolor-0123456789abcdef.tmp").write_text("of a picture that is being written")
    assert inside("video", "y.avi", "-q", "--overwrite", "--weights", tiny_weights).code == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"x.avi", "y.avi", "y_rgb.avi", ".nircolor-0123456789abcdef.tmp"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit to the size of a file")
@pytest.mark.parametrize("output", ["y.avi", "y"])
def test_a_full_disk(forked: Run, tmp_path: Path, tiny_weights: Path, output: str) -> None:
    """A file that may not grow behaves like a full disk, which OpenCV's writer keeps to itself."""
    film(tmp_path / "x.avi", 40)
    line = ("video", "x.avi", "-o", output, "--weights", tiny_weights)
    result = forked(*line, cwd=tmp_path, largest=5000)
    assert result.code == 1, result.err
    assert output in result.err.splitlines()[-1]
    assert "too large" in result.err
    assert [p.name for p in tmp_path.iterdir()] == ["x.avi"]


def test_help_needs_no_heavy_package_and_fits_80_columns(
    command: Run, poison: Callable[..., Path], tmp_path: Path
) -> None:
    result = command("video", "--help", cwd=tmp_path, first=(poison(*HEAVY),))
    assert (result.code, result.err) == (0, "")
    text = result.out.decode()
    assert max(map(len, text.splitlines())) <= 80
    for option in ("output", "smooth", "codec", "fps", "overwrite", "weights", "device", "precision", "prior", "json"):
        assert f"--{option}" in text
