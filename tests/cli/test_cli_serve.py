"""``nircolor serve`` on the command line: what is refused before it serves, and Ctrl-C."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import Run, one_line
from serving_tools import Server


def test_a_port_in_use_is_said_in_a_line(command: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = command("serve", "--port", str(port), cwd=tmp_path)
    wrong = f"--port {port}: is taken by another program; choose another one; --port 0 takes one that is free"
    assert one_line(result, 2) == f"nircolor: error: {wrong}\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "nowhere.invalid"), "--host nowhere.invalid: is not found"),
        (("--host", "192.0.2.1"), "--host 192.0.2.1: is no address of this machine; leave it out"),
        (("--port", "70000"), "--port 70000: out of range; give a number from 0 to 65535"),
        (("--max-pixels", "0"), "--max-pixels 0.0: out of range"),
        (("--waiting", "-1"), "--waiting -1: out of range"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(inside: Run, options: tuple[str, ...], words: str) -> None:
    pytest.importorskip("uvicorn", reason="nircolor[serve] is not installed")
    assert words in one_line(inside("serve", *options), 2)


def test_weights_that_are_not_there(inside: Run) -> None:
    pytest.importorskip("uvicorn", reason="nircolor[serve] is not installed")
    assert "no packaged weights named" in one_line(inside("serve", "--port", "0", "--weights", "nothing"), 4)


def test_a_device_that_is_not_there(inside: Run) -> None:
    pytest.importorskip("uvicorn", reason="nircolor[serve] is not installed")
    assert "--device cuda:99" in one_line(inside("serve", "--port", "0", "--device", "cuda:99"), 5)


def test_ctrl_c_is_how_it_ends(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        assert server.end(signal.SIGINT) == 130
        device, address, last = filter(None, server.lines)
    assert device.startswith("device ")
    assert address == f"serving at {server.url} until Ctrl-C"
    assert last == "nircolor: error: interrupted"


def test_without_the_extra_it_says_what_to_install(command: Run, poison: Callable[..., Path], tmp_path: Path) -> None:
    folder = poison("starlette")
    (folder / "starlette.py").write_text("raise ModuleNotFoundError('none of it')")
    result = command("serve", "--port", "0", cwd=tmp_path, first=(folder,))
    expected = "nircolor: error: a server needs an extra (none of it); pip install 'nircolor[serve]'\n"
    assert (result.code, result.err) == (2, expected)
