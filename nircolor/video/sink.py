"""Where colorized frames go: a video file or a folder of pictures, complete or not there at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import cv2
from numpy.typing import NDArray

from nircolor import picture
from nircolor.errors import OutputError, OutputExistsError, UsageError
from nircolor.files import check_output, final_path, publish, temporary_folder
from nircolor.image.quantize import quantize
from nircolor.picture import Writing
from nircolor.tiling import Piece
from nircolor.video.container import CODECS
from nircolor.video.frames import Frame, Stream
from nircolor.video.opencv import count_frames, open_writer


class Sink(Protocol):
    def write(self, frame: Frame, rgb: NDArray[Any]) -> None:
        """Take the next frame and its colours, (H, W, 3) float32 in [0, 1]."""
        ...

    def finish(self) -> None:
        """Give the output its name."""
        ...


@contextmanager
def open_file(path: Path, stream: Stream, fps: float, codec: str | None, overwrite: bool) -> Iterator[Sink]:
    """A sink for a video of 8-bit colour at ``fps``. Pixels that are not square become so, since OpenCV
    cannot write their shape. Sides are made even, as its codecs want them.

    Raises UsageError for a codec that cannot be written, OutputExistsError and OutputError.
    """
    check_output(path, overwrite)
    stream.leave_aside()
    with temporary_folder(path) as folder:
        sink = _FileSink(path, folder / f"video{path.suffix.lower()}", stream, overwrite)
        try:
            sink.open(fps, codec or CODECS[path.suffix.lower()])
            yield sink
        finally:
            sink.close()


class _FileSink:
    def __init__(self, path: Path, draft: Path, stream: Stream, overwrite: bool) -> None:
        self._path, self._draft, self._stream, self._overwrite = path, draft, stream, overwrite
        self._writer, self._frames, self._size = cv2.VideoWriter(), 0, stream.square
        self._pad = (self._size[0] % 2, self._size[1] % 2)

    def open(self, fps: float, codec: str) -> None:
        if len(codec) != 4 or not codec.isascii():
            reason = f"a codec has four letters, such as {CODECS['.mp4']} or FFV1"
            raise UsageError(reason, option="codec", value=codec)
        (height, width), (rows, columns) = self._size, self._pad
        self._writer = open_writer(self._draft, codec, fps, (height + rows, width + columns))
        if not self._writer.isOpened():
            usual = CODECS[self._path.suffix.lower()]
            reason = f"cannot be written into {self._path.suffix} here"
            raise UsageError(reason, option="codec", value=codec, remedy=f"use {usual}")
        self._remark_on_size()

    def _remark_on_size(self) -> None:
        stream, (height, width), (rows, columns) = self._stream, self._size, self._pad
        if self._size != (stream.height, stream.width):
            stream.remark(
                f"its pixels are not square ({stream.pixel_aspect:.3g} times as wide as high): {stream.width} x "
                f"{stream.height} become {width} x {height} square ones; frames in a folder keep theirs"
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

    def finish(self) -> None:
        self.close()
        if count_frames(self._draft) < self._frames:  # OpenCV keeps a full disk to itself
            reason = "the disk is full or the file too large"
            raise OutputError(reason, path=self._path, remedy="free some space")
        with self._draft.open("rb") as stream:
            os.fsync(stream.fileno())
        publish(self._draft, final_path(self._path), self._overwrite)

    def close(self) -> None:
        self._writer.release()


@contextmanager
def open_folder(path: Path, overwrite: bool, stream: Stream | None = None) -> Iterator[Sink]:
    """A sink for a folder of pictures, each with the name, format and depth of its frame.

    A folder that is there already keeps its other files. ``stream``: gets the remarks. Raises
    OutputExistsError and OutputError.
    """
    if stream:
        stream.leave_aside()
    if stream and stream.pixel_aspect != 1:
        stream.remark(
            f"its pixels are not square ({stream.pixel_aspect:.3g} times as wide as high); frames in a folder keep "
            "them, and look stretched: a video as output is scaled"
        )
    if path.is_dir():
        _check_folder(path, overwrite)
    else:
        check_output(path, overwrite=False)
    with temporary_folder(path) as draft:
        yield _FolderSink(path, draft)


def _check_folder(path: Path, overwrite: bool) -> None:
    check_output(path / "frame", overwrite=True)  # whether it can be written to
    if not overwrite and any(path.iterdir()):
        raise OutputExistsError("is not empty", path=path, remedy="choose another name or add `overwrite=True`")


class _FolderSink:
    def __init__(self, path: Path, draft: Path) -> None:
        self._path, self._draft = path, draft

    def write(self, frame: Frame, rgb: NDArray[Any]) -> None:
        target, image = self._draft / frame.name, frame.image
        if frame.file:
            shutil.copyfile(frame.file, target)
            return
        held = picture.Held(image)
        plan = picture.plan(target, held, Writing())
        with target.open("xb") as stream:  # no need to sync each: the folder appears only when it is complete
            picture.write(stream, [Piece(0, 0, rgb)], held, plan, overwrite=False)

    def finish(self) -> None:
        target = final_path(self._path)
        if not target.exists():
            self._draft.rename(target)
            return
        for file in sorted(self._draft.iterdir()):
            file.replace(target / file.name)
