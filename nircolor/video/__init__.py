"""Videos and folders of numbered frames: in through a source, past the engine, out through a sink."""

from nircolor.video.flow import Passed, run
from nircolor.video.frames import Frame, Source, Stream
from nircolor.video.read.container import default_output, is_video
from nircolor.video.read.file_source import FileSource
from nircolor.video.read.folder_source import FolderSource
from nircolor.video.read.open import open_source
from nircolor.video.read.stream_source import StreamSource
from nircolor.video.write.sink import Sink, open_file, open_folder, open_pipe

__all__ = [
    "FileSource",
    "FolderSource",
    "Frame",
    "Passed",
    "Sink",
    "Source",
    "Stream",
    "StreamSource",
    "default_output",
    "is_video",
    "open_file",
    "open_folder",
    "open_pipe",
    "open_source",
    "run",
]
