"""Addresses of live inputs: what counts as one, and what of it messages show."""

from __future__ import annotations

import pytest

from nircolor.errors import UsageError
from nircolor.video.live.address import Patience, check_address, is_live, shown


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("rtsp://user:secret@camera:554/live?token=secret", "rtsp://camera:554/live"),
        ("rtsp://user:sec@ret@camera/live", "rtsp://camera/live"),
        ("RTSP://secret@[fe80::1]:554/live#secret", "RTSP://[fe80::1]:554/live"),
        ("http://camera/live?user=a@b&key=secret", "http://camera/live"),
        ("http://camera:80?mail=secret@b", "http://camera:80"),
        ("rtsp://user:sec/ret@camera/live", "rtsp://..."),
        ("rtsp://user:sec?ret@camera/live", "rtsp://..."),
        ("rtsp://user:sec#ret@camera/live", "rtsp://..."),
        ("rtsp://user:secret@[::1/live", "rtsp://[::1/live"),
        ("rtsp://user:secret@camera/my stream\n", "rtsp://camera/my stream\n"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_what_messages_show(address: str, seen: str) -> None:
    assert is_live(address)
    assert shown(address) == seen


@pytest.mark.parametrize("path", ["night.mp4", "frames/", "C:/night.mp4", "/dev/video", "-", "a:b@c.mp4"])
def test_what_is_a_file(path: str) -> None:
    assert not is_live(path)


@pytest.mark.parametrize("scheme", ["ftp", "file", "rtp", "mms"])
def test_other_kinds_are_refused(scheme: str) -> None:
    with pytest.raises(
        UsageError, match=f"{scheme}://camera/x: is an address of a kind that is not read; give rtsp://"
    ):
        check_address(f"{scheme}://user:secret@camera/x")
    check_address("RTSPS://camera/x")
    check_address("/dev/video0")


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_patience_has_an_end(seconds: float) -> None:
    with pytest.raises(UsageError, match="give 0"):
        Patience(seconds)
