"""OpenCV's video files: opened without its chatter on standard error, which would drown our one clear line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

_MOST_ASPECT = 10  # of a pixel; a header that says more is damaged
_SILENT = "-8"  # AV_LOG_QUIET


def open_capture(path: Path, native: bool = False) -> cv2.VideoCapture:
    """A video to be read, perhaps one that ``isOpened`` says no to. ``native``: samples as stored, not as BGR."""
    settings = [cv2.CAP_PROP_CONVERT_RGB, 0] if native else []
    with _hushed():
        return cv2.VideoCapture(os.fspath(path.absolute()), cv2.CAP_FFMPEG, settings)


def open_writer(path: Path, codec: str, fps: float, size: tuple[int, int]) -> cv2.VideoWriter:
    """A video of (height, width) to be written, perhaps one that ``isOpened`` says no to."""
    fourcc = cv2.VideoWriter.fourcc(*codec)
    with _hushed():
        return cv2.VideoWriter(os.fspath(path.absolute()), cv2.CAP_FFMPEG, fourcc, fps, size[::-1])


def count_frames(path: Path) -> int:
    """How many frames a finished video says that it has; 0 for one that cannot be opened."""
    capture = open_capture(path)
    try:
        return max(0, round(capture.get(cv2.CAP_PROP_FRAME_COUNT))) if capture.isOpened() else 0
    finally:
        capture.release()


def pixel_aspect(capture: cv2.VideoCapture) -> float:
    """Width of a pixel as it shall be shown, of its height, after OpenCV's rotation; 1 where nobody says."""
    across, down = capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN)
    if not (across > 0 and down > 0) or not 1 / _MOST_ASPECT <= across / down <= _MOST_ASPECT:
        return 1.0
    turned = round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 180 == 90
    return float(down / across if turned else across / down)


def sample_bits(tag: int) -> int:
    """Bits of a sample, from FFmpeg's tag of a pixel format: ``Y`` and 1 to 4 planes, a byte, then the depth.

    Formats of more than 8 bits that are not Y, or of 8 bits, count as 8.
    """
    for order in ("little", "big"):
        kind, planes, _, bits = tag.to_bytes(4, order)
        if kind == ord("Y") and planes in b"1234" and 8 < bits <= 16:
            return int(bits)
    return 8


def is_grey16(tag: int) -> bool:
    """Whether the pixel format is 16-bit grey, which OpenCV hands out as it is stored."""
    return tag.to_bytes(4, "little") == b"Y1\x00\x10"


@contextmanager
def _hushed() -> Iterator[None]:
    """FFmpeg and OpenCV print what they think of a file; there is no other way to stop them."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _SILENT)  # read once, when FFmpeg is used first
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
