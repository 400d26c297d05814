"""What a VRT leads to: it is a list of other files, or of URLs, and GDAL would open whatever is in it.

Those that a VRT on this machine names have to be files on this machine, too.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from nircolor.errors import InputError

# names in lower case: GDAL does not tell cases apart, nor an attribute from an element
_FILES = ("sourcefilename", "sourcedataset", "sourcedsname", "filename", "overviewfile")
_HARMLESS = ("srs", "gcpprojection", "mdi", "description", "expression")  # of which GDAL opens nothing
_ELSEWHERE = re.compile(r"^\s*<|/vsi|://|^[A-Za-z0-9_]{2,}:")
_LARGEST_VRT, _MOST_FILES = 1 << 26, 100_000  # bytes, files


def check_vrt(path: Path) -> int:
    """The bytes of the pictures that a VRT leads to, itself or by way of others.

    Raises ``InputError`` where it leads to anything but plain files.
    """
    waiting, seen, held = [path.absolute()], set[Path](), 0
    while waiting:
        current = waiting.pop()
        if current in seen or not current.exists():  # GDAL finds better words for what is missing
            continue
        seen.add(current)
        if len(seen) > _MOST_FILES:
            raise _refused(f"is made of more than {_MOST_FILES} files")
        if not current.is_file():  # a pipe would wait for ever
            raise _refused(f"leads to {str(current)!a}, which is no regular file")
        if is_vrt(current):
            waiting += _named_in(current)
        else:
            held += current.stat().st_size
    return held


def is_vrt(path: Path) -> bool:
    """Whether a file begins as a VRT."""
    with path.open("rb") as stream:
        return b"<vrt" in stream.read(1024).lower()


def _named_in(path: Path) -> list[Path]:
    """The files that a VRT names: relative to it, or to where the program runs."""
    text = path.read_bytes() if path.stat().st_size <= _LARGEST_VRT else b""
    if not text or b"<!DOCTYPE" in text or b"<!ENTITY" in text:  # which may expand without end
        raise _refused("is a VRT that is too long, or has definitions of its own")
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise InputError(f"is a damaged VRT ({error})", remedy="get a fresh copy") from error
    found = list[Path]()
    for tag, name in _values(root):
        if tag == "subclass" and "raw" in name.lower():  # which would show the bytes of any file as a picture
            raise _refused("is a VRT of raw bands")
        if tag not in _HARMLESS and _ELSEWHERE.search(name):
            raise _refused(f"is a VRT that leads to what is no file on this machine ({name[:80]!a})")
        if tag in _FILES and name:
            found += [path.parent / name, Path(name).absolute()]
    return found


def _values(root: ET.Element) -> Iterator[tuple[str, str]]:
    """Texts of all elements and attributes, under their names in lower case."""
    for element in root.iter():
        tag = element.tag.lower()
        yield tag, (element.text or "").strip()
        if tag not in _HARMLESS:
            yield from ((key.lower(), value.strip()) for key, value in element.attrib.items())


def _refused(reason: str) -> InputError:
    return InputError(reason, remedy="build one GeoTIFF of it first, with gdal_translate")
