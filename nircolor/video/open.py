"""Whatever holds frames, opened as the source that fits it."""

from __future__ import annotations

from pathlib import Path

from nircolor.errors import UsageError, display_name
from nircolor.image import Stretch
from nircolor.picture import Colours
from nircolor.video.file_source import FileSource
from nircolor.video.folder_source import FolderSource
from nircolor.video.frames import Source
from nircolor.video.stream_source import StreamSource, is_stream

_NO_STRETCH = Stretch()


def open_source(
    path: Path,
    band: int | None = None,
    colours: Colours = "refuse",
    page: int | None = None,
    stretch: Stretch = _NO_STRETCH,
) -> Source:
    """A folder of numbered pictures, a video, or pictures one after the other. Raises InputError and UsageError.

    ``stretch`` is best one that depends on no frame: ``Stretch.between``.
    """
    if path.is_dir():
        return FolderSource(path, band, colours, page, stretch)
    if page is not None:
        raise UsageError(f"--page {page}: {display_name(path)} has no pages; leave --page out")
    source = StreamSource if is_stream(path) else FileSource
    return source(path, band, colours, stretch)
