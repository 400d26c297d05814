"""Damaged frames of motion JPEG: FFmpeg makes up what they lack and keeps silent, so their data is looked at itself."""

from __future__ import annotations

from pathlib import Path

import cv2

from nircolor.errors import InputError
from nircolor.video.read.opencv import open_capture

_TAGS = (b"MJPG", b"mjpg", b"jpeg", b"AVI1", b"avi1")
_PACKETS = -1  # CAP_PROP_FORMAT: data as it is stored, not yet decoded


class MotionJpeg:
    """The stored data of a video frame by frame; of any other codec nothing is read, and nothing is wrong."""

    def __init__(self, path: Path) -> None:
        self._capture = open_capture(path)
        tag = int(self._capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
        self._reads = tag.to_bytes(4, "little") in _TAGS and self._capture.set(cv2.CAP_PROP_FORMAT, _PACKETS)
        self._damaged: list[tuple[int, str]] = []

    def look(self, number: int) -> None:
        """Look at the next frame, which has this ``number``."""
        found, data = self._capture.read() if self._reads else (False, None)
        if not found or data is None:
            return
        from nircolor.image.codecs import jpeg_check  # which brings numba

        try:
            jpeg_check.check(data.tobytes())
        except InputError as error:
            self._damaged.append((number, str(error).partition(";")[0]))

    def remark(self) -> str:
        """What there is to say of the frames looked at; nothing where all of them are whole."""
        if not self._damaged:
            return ""
        number, reason = self._damaged[0]
        return (
            f"{len(self._damaged)} of its frames are damaged, the first is frame {number} (it {reason}); "
            "what they lack was made up by the decoder"
        )

    def close(self) -> None:
        self._capture.release()
