"""A frame that is stored as a picture: read as ``nircolor colorize`` reads it, or passed on where it is in colour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nircolor import picture
from nircolor.errors import ColourInputError
from nircolor.image import read_rgb
from nircolor.picture import Reading
from nircolor.video.frames import Frame, Stream


def read_frame(name: str, content: Path | bytes, reading: Reading, stream: Stream, where: str) -> Frame:
    """What is odd about the picture is a remark of ``stream``, as of ``where``. Raises InputError."""
    try:
        image, colours = picture.read(content, reading), None
    except ColourInputError as error:
        if reading.colours != "copy":
            raise picture.offer_copy(error) from error.__cause__
        image = picture.read(content, replace(reading, colours="colorize"))
        colours = read_rgb(content).pixels
        stream.copied += 1
    for warning in image.info.warnings:
        stream.remark(warning, where)
    return Frame(name, image, colours, content if colours is not None and isinstance(content, Path) else None)
