"""``nircolor video`` with a live input, in processes of their own: files that play, segments, Ctrl-C, secrets."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_tools import Run, environment, on_terminal

pytest.importorskip("av", reason="needs nircolor[video]: PyAV is not installed")
from av_tools import times
from live_servers import SECRET, Server, Show, datagrams, served

PATIENT = """
import sys
from nircolor.cli import main
from nircolor.events import Reporter
from nircolor.video.live.address import Patience

def told(reporter, stage, done, *rest, told=Reporter.told):
    told(reporter, stage, done, *rest)
    if done and stage == "colorizing":
        print("a frame is done", file=sys.stderr, flush=True)

Reporter.told, Patience.__init__.__defaults__ = told, (600.0, 600.0, 600.0, (0.1, 0.4))
sys.exit(main(["video", *sys.argv[1:]]))
"""
"""It tells of frames, and waits ten minutes instead of ten seconds: what ends sooner has not waited for the other side,
however slow a machine is."""

SOON = 150
"""Seconds."""


@contextmanager
def started(folder: Path, *args: str | Path) -> Iterator[subprocess.Popen[str]]:
    line = [sys.executable, "-c", PATIENT, *map(str, args)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(line, cwd=folder, env=environment(), **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


def wait_for_a_frame(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    while (line := process.stderr.readline()) != "a frame is done\n":
        assert line, "it has ended"


def wait(process: subprocess.Popen[str], come: Callable[[], bool]) -> None:
    while not come():
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.01)


def check_plays(path: Path, frames: int) -> None:
    found = times(path)
    assert len(found) == frames
    assert found[0] == 0
    assert found == sorted(set(found))


@pytest.mark.parametrize("kind", ["rtsp", "udp"])
def test_a_playable_file_and_no_secret(inside: Run, tmp_path: Path, tiny_weights: Path, kind: str) -> None:
    with served(kind, Show(60, 60), Show(0)) if kind != "udp" else datagrams(Show()) as server:
        address = server.secret_address if isinstance(server, Server) else f"{server}?pkt_size=1316&x={SECRET}"
        end = ("--reconnect", "0.3") if kind == "rtsp" else ("--duration", "3s")
        line = ("video", address, "-o", "day.mp4", *end, "--weights", tiny_weights)
        result = inside(*line, "--json", "-vv")
    assert result.code == (kind == "rtsp"), result.err
    assert ("the connection was lost" in result.err) == (kind == "rtsp")
    check_plays(tmp_path / "day.mp4", result.json["frames"])
    assert result.json["input"] == address.partition("?")[0].replace(f"admin:{SECRET}@", "")
    assert result.json["dropped"] >= 0
    for told in (result.out, result.err.encode(), (tmp_path / "day.mp4").read_bytes()):
        assert SECRET.encode() not in told


def test_no_secret_in_errors(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    with served("rtsp") as server:
        server.stop()
        addresses = (
            server.secret_address,
            server.secret_address.replace("rtsp:", "HTTP:"),
            server.secret_address.replace("rtsp:", "ftp:"),
            server.secret_address.replace("/live", "/live stream"),
            f"rtsp://admin:{SECRET}/{SECRET}@127.0.0.1:{server.port}/live",
            f"rtsp://admin:{SECRET}@[::1/live",
        )
        for address in addresses:
            result = inside("video", address, "-o", "day.mp4", "--weights", tiny_weights, "-vv")
            assert result.code in (2, 3), result.err
            assert result.err.count("nircolor: error: ") == 1
            assert SECRET not in result.err + result.out.decode()
    assert list(tmp_path.iterdir()) == []


def test_segments(tmp_path: Path, tiny_weights: Path) -> None:
    line = ("-o", "day.mp4", "--segment", "1s", "--weights", tiny_weights, "--json")
    with served("ts") as server, started(tmp_path, server.address, *line) as process:
        wait(process, (tmp_path / "day_001.mp4").exists)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    told = json.loads(out)
    assert (process.returncode, told["output"], told["segments"] > 1) == (130, "day_%03d.mp4", True), err
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [f"day_{number:03d}.mp4" for number in range(told["segments"])]
    assert sum(len(times(file)) for file in files) == told["frames"]
    for file in files:
        check_plays(file, len(times(file)))


def test_lost_for_good(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    """What was done is kept, and the code says that it is not all."""
    with served("jpeg", Show(60, 60), Show(0)) as server:
        line = ("video", server.address, "-o", "day.mp4", "--reconnect", "0.6", "--weights", tiny_weights)
        result = inside(*line, "--json")
    assert result.code == 1, result.err
    assert "the connection was lost at 0:" in result.err
    assert "has not come back within 0.6 s" in result.err
    assert result.err.rstrip().endswith("the frames before it are in day.mp4")
    check_plays(tmp_path / "day.mp4", result.json["frames"])


@pytest.mark.parametrize("show", [Show(), Show(60, 60, silent=True)], ids=["frames come", "silence"])
def test_ctrl_c_leaves_a_playable_file(tmp_path: Path, tiny_weights: Path, show: Show) -> None:
    with served("jpeg", show) as server:
        line = (server.address, "-o", "day.mp4", "--weights", tiny_weights, "--json")
        with started(tmp_path, *line) as process:
            wait_for_a_frame(process)
            time.sleep(2 if show.silent else 0)  # all that came is done
            process.send_signal(signal.SIGINT)
            asked = time.monotonic()
            out, err = process.communicate()
        assert time.monotonic() - asked < SOON, "long before silence is a loss"
    assert process.returncode == 130, err
    assert "interrupted at 0:" in err
    check_plays(tmp_path / "day.mp4", json.loads(out)["frames"])


def test_ctrl_c_while_nobody_answers(tmp_path: Path, tiny_weights: Path) -> None:
    with served("rtsp", Show(0, silent=True)) as server:
        with started(tmp_path, server.address, "-o", "day.mp4", "--weights", tiny_weights) as process:
            wait(process, lambda: server.connections > 0)
            asked = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate()
        assert time.monotonic() - asked < SOON, "long before an answer would be late"
    assert (process.returncode, err.count("\n")) == (130, 1), err
    assert list(tmp_path.iterdir()) == []


def test_the_bar(inside: Run, tmp_path: Path, tiny_weights: Path) -> None:
    """Frames, their rate, how late they are; nothing of it without a terminal."""
    with served("jpeg") as server:
        line = (server.address, "-o", "day.mp4", "--duration", "2", "--weights", tiny_weights)
        code, shown = on_terminal("video", *line, cwd=tmp_path)
        assert code == 0, shown
        for word in (b"colorizing", b"frames/s", b"s behind", b"/? "):
            assert word in shown, shown
        quiet = inside("video", *line, "--overwrite")
    assert (quiet.code, quiet.out) == (0, b"")
    assert "behind" not in quiet.err
    assert "\r" not in quiet.err
    assert "\x1b" not in quiet.err
