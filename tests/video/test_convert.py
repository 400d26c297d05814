"""``colorize_video``: what the command does, from Python."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import small_network
from video_tools import HEIGHT, WIDTH, film, play, shots

import nircolor
from nircolor.events import Ended, EngineReady, Event, Progress


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> nircolor.EngineConfig:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    return nircolor.EngineConfig(str(small_network.save(path, small_network.network(small_network.PLAIN))))


def test_a_video_its_result_and_its_events(tmp_path: Path, engine: nircolor.EngineConfig) -> None:
    path, events = film(tmp_path / "x.avi", shots(4)), list[Event]()
    result = nircolor.colorize_video(path, engine=engine, on_event=events.append)
    assert result.output == str(tmp_path / "x_rgb.avi")
    assert (result.frames, result.width, result.height, result.fps) == (4, WIDTH, HEIGHT, 25)
    assert (result.smooth, result.error, result.warnings) == (0.8, None, ())
    assert len(play(Path(result.output))) == 4
    assert str(result).startswith(f"{path} -> {result.output}: 4 frames, {WIDTH} x {HEIGHT}, ")
    assert list(result.to_json())[-1] == "warnings"
    assert "error" not in result.to_json()
    counted = [event for event in events if isinstance(event, Progress) and event.unit == "frames"]
    assert counted == [Progress("colorizing", done, 4, "frames") for done in range(5)]
    assert [event.weights for event in events if isinstance(event, EngineReady)] == [engine.weights]
    assert events[-1] == Ended()


def test_damage_is_in_the_result(tmp_path: Path, engine: nircolor.EngineConfig) -> None:
    path = film(tmp_path / "x.avi", shots(20))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    result = nircolor.colorize_video(path, tmp_path / "y.avi", engine=engine)
    assert result.error
    assert result.error.startswith(f"{path}: ends after {result.frames} of 20 frames, at 0:00.320: damaged; get")
    assert result.error.endswith(f"the frames before it are in {tmp_path / 'y.avi'}")
    assert list(result.to_json())[-4:] == ["error", "faults", "exit_code", "warnings"]
    assert result.to_json()["exit_code"] == 1
    assert len(play(tmp_path / "y.avi")) == result.frames


def test_damage_in_the_middle_is_named_and_the_rest_is_done(tmp_path: Path, engine: nircolor.EngineConfig) -> None:
    pytest.importorskip("av", reason="OpenCV does not tell of it: PyAV is not installed")
    path = film(tmp_path / "x.avi", shots(12), "MJPG")
    data = bytearray(path.read_bytes())
    middle = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"][6] + 40
    data[middle : middle + 30] = bytes(30)
    path.write_bytes(data)
    result = nircolor.colorize_video(path, tmp_path / "y.avi", engine=engine)
    assert (result.frames, result.error, result.exit_code) == (12, None, 1)
    (fault,) = result.faults
    assert fault.startswith(f"{path}: at 0:00.240: a frame is damaged (data is missing from row")
    assert (result.to_json()["exit_code"], result.to_json()["faults"]) == (1, [fault])


def test_stop_leaves_a_video_of_what_was_done(tmp_path: Path, engine: nircolor.EngineConfig) -> None:
    path, stop = film(tmp_path / "x.avi", shots(9)), threading.Event()

    def stopping(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 2:
            stop.set()

    result = nircolor.colorize_video(path, engine=engine, stop=stop, on_event=stopping)
    assert (result.interrupted, result.exit_code) == (True, 130)
    assert result.error
    assert result.error.startswith("interrupted at 0:00.")
    assert 2 <= result.frames == len(play(tmp_path / "x_rgb.avi")) <= 9


def test_stop_leaves_no_folder_of_frames(tmp_path: Path, engine: nircolor.EngineConfig) -> None:
    path, stop = film(tmp_path / "x.avi", shots(9)), threading.Event()

    def stopping(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 2:
            stop.set()

    with pytest.raises(nircolor.StoppedError):
        nircolor.colorize_video(path, tmp_path / "y", engine=engine, stop=stop, on_event=stopping)
    assert [path.name for path in tmp_path.iterdir()] == ["x.avi"]


def test_wrong_usage_names_arguments_of_python(tmp_path: Path, engine: nircolor.EngineConfig) -> None:
    path = film(tmp_path / "x.avi", shots(2))
    tiles = nircolor.EngineConfig(engine.weights, prior="tile")
    for options, message in (
        ({"fps": 0}, "`fps=0`: give more than 0 and at most 1000"),
        ({"smooth": 1}, "`smooth=1`: give 0 (off) up to, but not including, 1"),
        ({"smooth": 0.5, "engine": tiles}, "`smooth`: needs `prior=global`; leave one of the two out"),
        ({"target": path}, f"{path}: is the input itself; choose another name for the output"),
        ({"target": tmp_path / "y", "fps": 9}, f"`fps`: {tmp_path / 'y'} is a folder of frames, which has none; "),
        ({"codec": "ZZZZ"}, "`codec=ZZZZ`: "),
        (
            {"target": tmp_path / "y.gif"},
            f"{tmp_path / 'y.gif'}: no video can be written as .gif; end the name in .mp4, ",
        ),
        ({"target": tmp_path / "y.TS"}, f"{tmp_path / 'y.TS'}: no video can be written as .TS; "),
        ({"target": tmp_path / "y.png"}, f"{tmp_path / 'y.png'}: no video can be written as .png; "),
    ):
        with pytest.raises(nircolor.UsageError) as caught:
            nircolor.colorize_video(path, **{"engine": engine, **options})
        assert str(caught.value).startswith(message)
    assert [path.name for path in tmp_path.iterdir()] == ["x.avi"]
