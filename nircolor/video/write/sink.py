"""Where colorized frames go: a video file or a folder of pictures, complete or not there at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from numpy.typing import NDArray

from nircolor import picture
from nircolor.errors import OutputError, OutputExistsError, UsageError
from nircolor.files import check_output, final_path, publish, temporary_folder, write_reason
from nircolor.picture import Writing
from nircolor.tiling import Piece
from nircolor.video.frames import Frame, Stream
from nircolor.video.write.opencv_sink import OpenCvSink


class Sink(Protocol):
    def write(self, frame: Frame, rgb: NDArray[Any]) -> None:
        """Take the next frame and its colours, (H, W, 3) float32 in [0, 1]."""
        ...

    def finish(self, until: Fraction | None = None) -> None:
        """Give the output its name. ``until``: seconds on the clock of the source; sound from there on is left for the
        sink of the next segment. None: all that is left belongs here.
        """
        ...


class Writer(Protocol):
    """What writes a draft. ``finish`` completes it, ``close`` lets go of it, complete or not."""

    def write(self, frame: Frame, rgb: NDArray[Any]) -> None: ...

    def finish(self, until: Fraction | None = None) -> None: ...

    def close(self) -> None: ...


@contextmanager
def open_file(
    path: Path, stream: Stream, fps: float, codec: str | None, overwrite: bool, anew: bool = False
) -> Iterator[Sink]:
    """A sink for a video at ``fps``; written by PyAV, and without it by OpenCV, which loses more than colours.

    ``anew``: times begin at 0 with the first frame, as in one of many that take their frames from one ``stream``; else
    they stay as they are. Raises UsageError for a codec that cannot be written, OutputExistsError and OutputError.
    """
    check_output(path, overwrite)
    with ExitStack() as stack:
        begin = _by_pyav(path, stream, fps, codec, anew) or _by_opencv(stream, fps, codec)
        draft = stack.enter_context(temporary_folder(path)) / f"video{path.suffix.lower()}"
        writer = begin(draft, stack)
        stack.callback(writer.close)
        yield _FileSink(path, draft, writer, overwrite)


Begin = Callable[[Path, ExitStack], Writer]
"""Opens a draft for writing; what has to be closed goes on the stack."""


def _by_pyav(path: Path, stream: Stream, fps: float, codec: str | None, anew: bool) -> Begin | None:
    """None where PyAV is not installed. Raises UsageError, before anything is made."""
    try:
        from nircolor.video.write.av_plan import plan_of_file
        from nircolor.video.write.av_sink import AvSink
    except ImportError:
        return None
    plan = plan_of_file(path.suffix.lower(), fps, codec, anew)
    return lambda draft, stack: AvSink(stack.enter_context(draft.open("x+b", buffering=0)), stream, plan)


def _by_opencv(stream: Stream, fps: float, codec: str | None) -> Begin:
    stream.leave_aside()
    return lambda draft, stack: OpenCvSink(draft, stream, fps, codec)


@contextmanager
def open_pipe(
    target: BinaryIO, stream: Stream, fps: float, codec: str | None, kind: str = "mkv", anew: bool = False
) -> Iterator[Sink]:
    """A sink for a video at ``fps`` that goes out while it is made, such as into ``sys.stdout.buffer``.

    ``kind``: ``mkv``, ``mp4`` (in fragments) or ``ts``. ``anew``: as of ``open_file``. Raises UsageError for a codec
    that cannot be written, or without PyAV, and OutputError.
    """
    try:
        from nircolor.video.write.av_plan import plan_of_pipe
        from nircolor.video.write.av_sink import AvSink
    except ImportError as error:
        reason = "a video for a pipe is written by PyAV, which is not installed"
        raise UsageError(reason, option="target", remedy="pip install 'nircolor[video]'") from error
    sink = AvSink(target, stream, plan_of_pipe(kind, fps, codec, anew))
    try:
        with closing(sink):
            yield sink
    except OSError as error:
        raise OutputError(
            write_reason(error), path="standard output", remedy="what came before it has gone out"
        ) from error


class _FileSink:
    """Names the path in errors, and gives the draft its name once it is complete."""

    def __init__(self, path: Path, draft: Path, writer: Writer, overwrite: bool) -> None:
        self._path, self._draft, self._writer, self._overwrite = path, draft, writer, overwrite

    def write(self, frame: Frame, rgb: NDArray[Any]) -> None:
        with self._named():
            self._writer.write(frame, rgb)

    def finish(self, until: Fraction | None = None) -> None:
        with self._named():
            self._writer.finish(until)
        with self._draft.open("rb") as stream:
            os.fsync(stream.fileno())
        publish(self._draft, final_path(self._path), self._overwrite)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OutputError as error:
            raise error.at(self._path) from error.__cause__


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
        try:
            with target.open("xb") as stream:  # no need to sync each: the folder appears only when it is complete
                picture.write(stream, [Piece(0, 0, rgb)], held, plan, overwrite=False)
        except OutputError as error:
            raise error.at(self._path) from error.__cause__

    def finish(self, until: Fraction | None = None) -> None:
        target = final_path(self._path)
        if not target.exists():
            self._draft.rename(target)
            return
        for file in sorted(self._draft.iterdir()):
            file.replace(target / file.name)
