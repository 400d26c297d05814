"""Whatever holds frames, opened as the source that fits it."""

from __future__ import annotations

from pathlib import Path
from threading import Event as StopEvent
from typing import BinaryIO

from nircolor.errors import UsageError, display_name
from nircolor.picture import Reading
from nircolor.video.frames import Source
from nircolor.video.live.address import Patience
from nircolor.video.read.file_source import FileSource
from nircolor.video.read.folder_source import FolderSource
from nircolor.video.read.stream_source import StreamSource, is_stream

_AS_IT_IS = Reading()
_INSTALL = "pip install 'nircolor[video]'"


def open_source(path: Path, reading: Reading = _AS_IT_IS) -> Source:
    """A folder of numbered pictures, a video, or pictures one after the other. Raises InputError and UsageError.

    ``reading`` is best one that depends on no frame: ``Stretch.between`` gives all of them the same range.
    """
    if path.is_dir():
        return FolderSource(path, reading)
    if reading.page is not None:
        reason = f"{display_name(path)} has no pages"
        raise UsageError(reason, option="page", value=reading.page, remedy="leave `page` out")
    if is_stream(path):
        return StreamSource(path, reading)
    try:
        from nircolor.video.read.av_source import AvSource
    except ImportError:
        return _without_pyav(path, reading)
    return AvSource(path, reading)


def _without_pyav(path: Path, reading: Reading) -> Source:
    source = FileSource(path, reading)
    source.stream.remark(
        "PyAV is not installed: read by OpenCV, without sound, times of frames and most of what lies above 8 bits; "
        + _INSTALL
    )
    return source


def open_pipe(stream: BinaryIO, reading: Reading = _AS_IT_IS) -> Source:
    """A video that comes in through a pipe, such as ``sys.stdin.buffer``. Raises InputError and UsageError."""
    try:
        from nircolor.video.read.av_source import AvSource
    except ImportError as error:
        raise UsageError("a pipe is read by PyAV, which is not installed", remedy=_INSTALL) from error
    return AvSource(stream, reading)


def open_live(
    address: str, patience: Patience, reading: Reading, duration: float | None = None, stop: StopEvent | None = None
) -> Source:
    """A stream of the network, or a camera. Raises InputError and UsageError. See ``LiveSource``."""
    try:
        from nircolor.video.live.live import LiveSource
        from nircolor.video.live.wire import Wire
    except ImportError as error:
        reason = "live inputs are read by PyAV, which is not installed"
        raise UsageError(reason, remedy=_INSTALL) from error
    return LiveSource(Wire(address, patience), reading, duration, stop)
