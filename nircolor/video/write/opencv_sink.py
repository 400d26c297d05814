"""A video file that OpenCV writes, where PyAV is not installed: 8 bits, square pixels, a constant rate, no sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
from numpy.typing import NDArray

from nircolor.errors import OutputError, UsageError
from nircolor.image.quantize import quantize
from nircolor.video.frames import Frame, Stream
from nircolor.video.read.container import CODECS
from nircolor.video.read.opencv import count_frames, open_writer
from nircolor.video.write.codecs import named


class OpenCvSink:
    """A video of 8-bit colour at ``draft``. Pixels that are not square become so, since OpenCV cannot write their
    shape. Sides are made even, as its codecs want them.

    ``codec``: a name, or four letters that OpenCV knows; None: by the suffix. Raises UsageError for one that it cannot
    write.
    """

    def __init__(self, draft: Path, stream: Stream, fps: float, codec: str | None) -> None:
        self._draft, self._stream, self._frames, self._size = draft, stream, 0, stream.make_square()
        self._pad = (self._size[0] % 2, self._size[1] % 2)
        self._writer = self._open(fps, codec)
        self._remark()

    def _open(self, fps: float, codec: str | None) -> cv2.VideoWriter:
        usual = CODECS[self._draft.suffix]
        known = named(codec or usual)
        letters = known.fourcc if known else codec or usual
        if len(letters) != 4 or not letters.isascii():
            reason = f"a codec has four letters, such as {CODECS['.mp4']} or FFV1"
            raise UsageError(reason, option="codec", value=codec)
        (height, width), (rows, columns) = self._size, self._pad
        writer = open_writer(self._draft, letters, fps, (height + rows, width + columns))
        if not writer.isOpened():
            reason = f"cannot be written into {self._draft.suffix} by OpenCV"
            remedy = f"use {usual}, or install PyAV: pip install 'nircolor[video]'"
            raise UsageError(reason, option="codec", value=codec, remedy=remedy)
        return writer

    def _remark(self) -> None:
        stream, (height, width), (rows, columns) = self._stream, self._size, self._pad
        stream.remark(
            "PyAV is not installed, so OpenCV writes the video: 8 bits a sample, a constant frame rate, no sound, "
            "subtitles or metadata; pip install 'nircolor[video]' keeps them"
        )
        if rows or columns:
            stream.remark(
                f"a video has even sides: {width} x {height} pixels become {width + columns} x {height + rows}, "
                "their last row or column repeated; frames in a folder keep their size"
            )

    def write(self, frame: Frame, rgb: NDArray[Any]) -> None:
        if frame.image.info.dtype != "uint8":
            self._stream.remark("a video has 8 bits a sample; frames in a folder keep all of theirs")
        samples = quantize(rgb, None, 8)[..., ::-1]  # (H, W, 3) BGR
        (height, width), (rows, columns) = self._size, self._pad
        if samples.shape[:2] != self._size:
            samples = cv2.resize(samples, (width, height), interpolation=cv2.INTER_CUBIC)
        self._writer.write(cv2.copyMakeBorder(samples, 0, rows, 0, columns, cv2.BORDER_REPLICATE))
        self._frames += 1

    def finish(self, until: Fraction | None = None) -> None:
        """``until`` is of no use here: there is no sound. Raises OutputError where frames are missing."""
        self.close()
        if count_frames(self._draft) < self._frames:  # OpenCV keeps a full disk to itself
            raise OutputError("the disk is full or the file too large", remedy="free some space")

    def close(self) -> None:
        self._writer.release()
