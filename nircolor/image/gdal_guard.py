"""What GDAL is let open, and how: a file from anywhere must not make it read the network, or what nobody named.

A VRT is a list of other files, or of URLs. Those that a file on this machine names have to be files on this machine, too.
Pieces of Python in a VRT do not run; metadata beside a file (.aux.xml, which may point anywhere) are not looked for.
"""

from __future__ import annotations

import importlib.util
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

from nircolor.errors import InputError

DRIVERS = (
    "VRT", "ENVI", "EHdr", "HFA", "PCIDSK", "NITF", "JP2OpenJPEG", "GPKG", "MBTiles", "RMF", "RST", "SAGA", "AAIGrid",
)  # fmt: skip
"""Those of GDAL that read pictures and maps which no decoder here knows."""

_REMOTE_DRIVERS = ("GTiff", "JP2OpenJPEG", "NITF", "ENVI", "HFA", "PCIDSK")
_SCHEMES = {"s3": "/vsis3/", "gs": "/vsigs/", "az": "/vsiaz/"}
_SCHEME = re.compile(r"(s3|gs|az|https?)://")
_NETWORK = re.compile(r"/vsi(curl|s3|gs|az|adls|oss|swift)(/|\?)")

_FILES = ("SourceFilename", "SourceDataset", "SourceDSName", "Filename", "OverviewFile")
_HARMLESS = ("SRS", "GCPProjection", "MDI", "Description", "Expression")  # of which GDAL opens nothing
_ELSEWHERE = re.compile(r"^\s*<|/vsi|://|^[A-Za-z0-9_]{2,}:")
_LARGEST_VRT, _MOST_FILES = 1 << 26, 100_000  # bytes, files

_SETTINGS = {
    "GDAL_CACHEMAX": 64,  # MB
    "GDAL_NUM_THREADS": "1",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_VRT_RAWRASTERBAND_ALLOWED_SOURCE": "SIBLING_OR_CHILD_OF_VRT_PATH",
}
_NO_NETWORK = {  # should a way into it be left open above
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "/vsicurl/none",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTPS_PROXY": "127.0.0.1:9",
}
_NETWORK_ONLY = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
    "GDAL_HTTP_CONNECTTIMEOUT": "20",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1",
    "GDAL_HTTP_LOW_SPEED_TIME": "60",
    "GDAL_HTTP_MAX_RETRY": "3",
}


def is_installed() -> bool:
    """Whether rasterio is there; importing it takes a while."""
    return importlib.util.find_spec("rasterio") is not None


def is_remote(source: object) -> bool:
    """Whether ``source`` is a URL or one of GDAL's names for what lies in the network."""
    return isinstance(source, str) and bool(_SCHEME.match(source) or _NETWORK.match(source))


def name_of(source: str | Path) -> str:
    """What GDAL calls ``source``: a path from the root, so that nothing in it is taken for a driver, or its own name."""
    text = os.fspath(source)
    if not is_remote(source):
        return os.path.abspath(text)  # noqa: PTH100  (links stay: an ENVI header lies beside the link)
    scheme, separator, rest = text.partition("://")
    if not separator or text.startswith("/"):
        return text
    return _SCHEMES[scheme] + rest if scheme in _SCHEMES else f"/vsicurl/{text}"


def drivers(source: object) -> list[str]:
    """Names of GDAL's drivers that may open ``source``."""
    return list(_REMOTE_DRIVERS if is_remote(source) else DRIVERS)


def settings(source: object) -> dict[str, object]:
    """GDAL's configuration while it reads ``source``."""
    return _SETTINGS | (_NETWORK_ONLY if is_remote(source) else _NO_NETWORK)


def check_vrt(path: Path) -> None:
    """Refuse with ``InputError`` a VRT that leads, itself or by way of others, to anything but plain files."""
    waiting, seen = [path.absolute()], set[Path]()
    while waiting:
        current = waiting.pop()
        if current in seen or not current.exists():  # GDAL finds better words for what is missing
            continue
        seen.add(current)
        if len(seen) > _MOST_FILES:
            raise _refused(f"is made of more than {_MOST_FILES} files")
        if not current.is_file():  # a pipe would wait for ever
            raise _refused(f"leads to {ascii(str(current))}, which is no regular file")
        if is_vrt(current):
            waiting += _named_in(current)


def is_vrt(path: Path) -> bool:
    """Whether a file begins as a VRT."""
    with path.open("rb") as stream:
        return b"<VRT" in stream.read(1024)


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
    for element in root.iter():
        name = (element.text or "").strip()
        if element.tag not in _HARMLESS and _ELSEWHERE.search(name):
            raise _refused(f"is a VRT that leads to what is no file on this machine ({name[:80]!a})")
        if element.tag in _FILES and name:
            found += [path.parent / name, Path(name).absolute()]
    return found


def _refused(reason: str) -> InputError:
    return InputError(reason, remedy="build one GeoTIFF of it first, with gdal_translate")
