"""Colour pictures among near-infrared ones, passed on as they are: byte for byte, in their own format."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import BinaryIO

from nircolor.batch.remote import Place, Remote
from nircolor.errors import InputError
from nircolor.files import atomic_file
from nircolor.image import read_rgb
from nircolor.image.formats import by_suffix
from nircolor.image.source import open_source

REMARK = "input: is a colour picture: copied as it is"
_DEPTHS = {"uint8": 8, "uint16": 16, "float32": 32}
_REMEDY = "leave --format and --depth out, or colorize it with --colour-inputs colorize"


def copy(source: Path | bytes, name: str, target: Place, depth: int | None, replace: bool) -> dict[str, int]:
    """Write the picture ``source``, whose file is called ``name``, to ``target``; says what its row says of it.

    ``depth``: what outputs shall have, None: as their inputs. Raises InputError for a picture that would have to be
    converted, or is damaged, and what writing raises.
    """
    image = read_rgb(source)
    if _converts(Path(name), Path(target.name), depth, _DEPTHS[image.dtype]):
        raise InputError(f"is a colour picture that would have to be converted, not copied; {_REMEDY}")
    with open_source(source) as stream:
        if isinstance(target, Remote):
            target.write(data := stream.read())
            size = len(data)
        else:
            size = _write(stream, target, replace)
    height, width, _ = image.pixels.shape
    return {"width": width, "height": height, "output_bytes": size}


def _converts(source: Path, target: Path, depth: int | None, own: int) -> bool:
    same = source.suffix == target.suffix or by_suffix(source) == by_suffix(target)
    return not same or depth not in (None, own)


def _write(stream: BinaryIO, target: Path, replace: bool) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(target, replace) as output:
        shutil.copyfileobj(stream, output)
        return output.tell()
