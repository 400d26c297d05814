"""Long videos: segments, work that is killed and gone on with, Ctrl-C, pipes. Every one a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from cli_tools import Run, environment

av = pytest.importorskip("av")
from sounding_films import see, sounding_film  # noqa: E402
from struck import strike  # noqa: E402

SLOW = Fraction(1, 10)
"""Frames a second of films of which 60 s are six frames."""


BEGUN = "nircolor.video.write.journal:Journal.save"
"""Called when there is a journal, before the first frame."""

ONE_PART = "nircolor.video.write.journal:Journal.add"
"""Called when a part is complete and in the journal."""

FRAMES = "nircolor.video.colours.steady:Steady.paint"
"""Called for four frames at a time."""


def killed(place: str, *args: str | Path, cwd: Path) -> None:
    """Work that is killed there, with no chance to clean up."""
    done = strike(place, signal.SIGKILL, "video", *args, cwd=cwd)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_segments(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    source = sounding_film(tmp_path / "x.mp4", 20)
    line = ("video", "x.mp4", "--segment", "0.32s", "--weights", tiny_weights)
    result = inside(*line, "--json")
    assert result.code == 0, result.err
    assert (result.json["segments"], result.json["frames"], result.json["output"]) == (3, 20, "x_rgb_%03d.mp4")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.mp4", *(f"x_rgb_00{i}.mp4" for i in range(3))]
    parts = [see(tmp_path / f"x_rgb_00{i}.mp4") for i in range(3)]
    assert [len(part.frames) for part in parts] == [8, 8, 4]
    assert {part.times[0] for part in parts} == {0}
    sound = see(source).sound
    for number, part in enumerate(parts):  # none lost, none twice, but for what sounds before the first frame
        start = number * Fraction(8, 25)
        assert len(part.sound) == sum(
            start <= at < start + Fraction(8, 25) or (number == 2 and at >= start) for at in sound
        )
    again = inside(*line)
    assert (again.code, "x_rgb_000.mp4: exists already" in again.err) == (2, True)
    assert inside(*line, "--overwrite").code == 0


@pytest.mark.parametrize("options", [(), ("--segment", "60")])
def test_killed_and_gone_on_with(inside: Run, tmp_path: Path, tiny_weights: Path, options: tuple[str, ...]) -> None:
    """The same frames and times as in one go; what was complete is not made again. FFV1 loses nothing."""
    sounding_film(tmp_path / "x.mp4", 20, SLOW)
    names = ["y.mkv"] if not options else [f"y_00{i}.mkv" for i in range(4)]
    line = (*options, "--resume", "--codec", "ffv1", "--weights", tiny_weights)
    assert inside("video", "x.mp4", "-o", "y.mkv", *line).code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.mp4", *names]
    whole = [see(tmp_path / name) for name in names]
    assert sum(len(seen.frames) for seen in whole) == 20
    for name in names:
        (tmp_path / name).unlink()

    folder = tmp_path / "y.mkv.parts"
    first = folder / "00000.mkv" if not options else tmp_path / "y_000.mkv"
    killed(ONE_PART, "x.mp4", "-o", "y.mkv", *line, cwd=tmp_path)
    before = first.stat().st_mtime_ns
    assert not (tmp_path / "y.mkv").exists()
    refused = inside("video", "x.mp4", "-o", "y.mkv", "--weights", tiny_weights)
    assert (refused.code, "has been begun already" in refused.err, "--resume" in refused.err) == (2, True, True)
    other = inside("video", "x.mp4", "-o", "y.mkv", *line, "--smooth", "0.5")
    assert (other.code, "smooth was 0.8 and is 0.5" in other.err) == (2, True), other.err
    assert first.stat().st_mtime_ns == before
    result = inside("video", "x.mp4", "-o", "y.mkv", *line)
    assert result.code == 0, result.err
    if options:
        assert first.stat().st_mtime_ns == before
    assert [see(tmp_path / name) for name in names] == whole
    assert not folder.exists()


def test_what_is_no_longer_the_same_is_refused(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    source = sounding_film(tmp_path / "x.mp4", 8, SLOW)
    line = ("x.mp4", "--resume", "--weights", tiny_weights)
    killed(BEGUN, *line, cwd=tmp_path)
    os.utime(source, (1e9, 1e9))
    result = inside("video", *line)
    assert (result.code, "the input has changed since" in result.err) == (2, True), result.err
    (tmp_path / "x_rgb.mp4.parts" / "journal.json").write_text('{"version": 1, "identity": {}, "parts": [{"a": 1}]')
    assert "is damaged, or no journal" in inside("video", *line).err
    assert inside("video", "x.mp4", "--overwrite", "--weights", tiny_weights).code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.mp4", "x_rgb.mp4"]


def test_a_part_that_was_changed_is_made_again(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    sounding_film(tmp_path / "x.mp4", 14, SLOW)
    line = ("x.mp4", "--resume", "--weights", tiny_weights)
    killed(ONE_PART, *line, cwd=tmp_path)
    (tmp_path / "x_rgb.mp4.parts" / "00000.mp4").write_bytes(b"damage")
    assert inside("video", *line).code == 0
    assert len(see(tmp_path / "x_rgb.mp4").frames) == 14


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_leaves_a_video_that_plays(tmp_path: Path, tiny_weights: Path, number: int, code: int) -> None:
    sounding_film(tmp_path / "x.mp4", 100)
    done = strike(FRAMES, number, "video", "x.mp4", "--weights", tiny_weights, cwd=tmp_path, calls=4)
    told = done.stderr
    assert done.returncode == code, told
    assert "nircolor: error: interrupted at 0:" in told
    assert "what was done is in x_rgb.mp4\n" in told
    seen = see(tmp_path / "x_rgb.mp4")
    assert 16 <= len(seen.frames) < 40  # those in hand are finished
    assert seen.times == tuple(Fraction(i, 25) for i in range(len(seen.times)))
    assert abs(seen.sound[-1] - seen.times[-1]) < Fraction(1, 5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.mp4", "x_rgb.mp4"]


def test_interrupted_work_can_be_gone_on_with(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    """Though what was done has the name of the output already."""
    sounding_film(tmp_path / "x.mp4", 30, SLOW)
    line = ("x.mp4", "--duration", "240", "--resume", "--weights", tiny_weights)
    done = strike(ONE_PART, signal.SIGINT, "video", *line, cwd=tmp_path)
    assert done.returncode == 130, done.stderr
    assert "--resume goes on from there" in done.stderr
    assert len(see(tmp_path / "x_rgb.mp4").frames) == 6
    result = inside("video", *line)
    assert result.code == 0, result.err
    assert see(tmp_path / "x_rgb.mp4").times == tuple(Fraction(10 * i) for i in range(24))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.mp4", "x_rgb.mp4"]


def test_pipes(command: Run, tmp_path: Path, tiny_weights: Path) -> None:
    source = sounding_film(tmp_path / "x.ts", 10)
    for kind in ("mkv", "ts", "mp4"):
        line = [sys.executable, "-m", "nircolor", "video", "-", "-o", "-", "--format", kind, "--weights", tiny_weights]
        with source.open("rb") as stream:
            done = subprocess.run(line, stdin=stream, capture_output=True, env=environment(), cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
        assert b"standard input -> standard output: 10 frames" in done.stderr
        output = tmp_path / f"y.{kind}"
        output.write_bytes(done.stdout)
        seen = see(output)
        assert (len(seen.frames), len(seen.sound) > 3) == (10, True)


def test_wrong_usage(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    sounding_film(tmp_path / "x.mp4", 2)
    for args, words in (
        (("--segment", "ten"), "--segment ten: is no time; give seconds, or such as 90s, 10m, 1h30m"),
        (("--segment", "0"), "--segment 0: give more than 0 seconds"),
        (("--duration", "0"), "--duration 0: give more than 0 seconds"),
        (("--reconnect", "3"), "--reconnect: x.mp4 is no live input; leave it out"),
        (("--resume", "--overwrite"), "--resume: excludes --overwrite; leave one of the two out"),
        (("--format", "mkv"), "--format mkv: a file has the container that its suffix stands for; leave it out"),
        (("-o", "folder", "--segment", "1"), "--segment: folder is a folder of frames, which has none; leave it out"),
        (("-o", "folder", "--resume"), "--resume: folder is a folder of frames, which has none; leave it out"),
    ):
        result = inside("video", "x.mp4", *args, "--weights", tiny_weights)
        assert (result.code, words in result.err) == (2, True), result.err
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"]


def test_corrections_by_hand_belong_to_what_is_gone_on_with(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    sounding_film(tmp_path / "x.mp4", 14, SLOW)
    line = ("x.mp4", "--resume", "--weights", tiny_weights, "--brightness", "1.5")
    killed(BEGUN, *line, cwd=tmp_path)
    other = inside("video", *line[:-1], "1.2")
    assert (other.code, "brightness was 1.5 and is 1.2" in other.err) == (2, True), other.err
    result = inside("video", *line, "--json")
    assert (result.code, result.json["correction"]) == (0, {"brightness": 1.5}), result.err


def test_a_broken_pipe_is_told_as_it_is(tmp_path: Path, tiny_weights: Path) -> None:
    """Much more goes out than any pipe holds, so that its writer cannot be done before nobody reads."""
    sounding_film(tmp_path / "x.mp4", 200)
    line = [sys.executable, "-m", "nircolor", "video", "x.mp4", "-o", "-", "--weights", str(tiny_weights)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "pipesize": 4096}
    with subprocess.Popen([*line, "--codec", "ffv1"], cwd=tmp_path, env=environment(), **pipes) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(100)
        process.stdout.close()
        told = process.stderr.read().decode()
    assert process.returncode == 1, told
    assert "standard output: Broken pipe; what came before it has gone out\n" in told
