"""What GDAL is let open, and how: a file must not make it read the network, or more than was asked for.

One driver is tried, that of the first bytes of the file. Pieces of Python in a VRT do not run, and metadata beside a
file (.aux.xml), which may point anywhere, are not looked for.
"""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path, PurePosixPath

from nircolor.errors import InputError
from nircolor.image import formats
from nircolor.image.source import open_source

_DRIVERS = (  # what files begin with, and which driver of GDAL reads them
    (b"EHFA_HEADER_TAG", "HFA"),
    (b"PCIDSK", "PCIDSK"),
    (b"NITF0", "NITF"),
    (b"NSIF0", "NITF"),
    (b"SQLite format 3\0", "GPKG"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JP2OpenJPEG"),
)
_ON_NETWORK = ("GTiff", "JP2OpenJPEG", "NITF", "ENVI", "HFA", "PCIDSK")
_ENVI_DATA = ("", ".img", ".dat", ".bsq", ".bil", ".bip", ".raw")
_GEO_BOXES = (b"\xb1\x4b\xf8\xbd\x08\x3d\x4b\x43\xa5\xae\x8c\xd7\xd5\xa6\xce\x03", b"gml.data")  # GeoJP2, GMLJP2
_HEAD = 1 << 16  # bytes

_SCHEMES = {"s3": "/vsis3/", "gs": "/vsigs/", "az": "/vsiaz/"}
_SCHEME = re.compile(r"(s3|gs|az|https?)://")
_NETWORK = re.compile(r"/vsi(curl|s3|gs|az|adls|oss|swift)(/|\?)")

_SETTINGS = {
    "GDAL_CACHEMAX": 64 << 20,  # bytes: as a number rasterio hands it to GDAL itself
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
    """What GDAL calls ``source``: its own name, or a path from the root, which is taken for no driver's."""
    text = os.fspath(source)
    if not is_remote(source):
        return os.path.abspath(text)  # noqa: PTH100  (links stay: an ENVI header lies beside the link)
    scheme, separator, rest = text.partition("://")
    if not separator or text.startswith("/"):
        return text
    return _SCHEMES[scheme] + rest if scheme in _SCHEMES else f"/vsicurl/{text}"


def last_name(source: str) -> str:
    """The name of a file in the network, without its folder and query."""
    return PurePosixPath(source.partition("?")[0]).name or "picture"


def drivers_of(source: str | Path) -> tuple[str, ...]:
    """The drivers of GDAL that may open ``source``; none where it is not for GDAL, or no file that can be read.

    JPEG 2000 is where it lies on a map and rasterio is installed: it can be read without.
    """
    if is_remote(source):
        return _ON_NETWORK
    try:
        with open_source(source) as stream:
            head = stream.read(_HEAD)
    except InputError:
        return ()
    if b"<VRT" in head[:1024]:
        return ("VRT",)
    if formats.sniff(head) in (None, "BMP") and envi_header(Path(source)):  # raw values may begin with any two letters
        return ("ENVI",)
    found = tuple(name for start, name in _DRIVERS if head.startswith(start))
    plain = found == ("JP2OpenJPEG",) and not (lies_on_map(head) and is_installed())
    return () if plain else found


def lies_on_map(head: bytes) -> bool:
    """Whether a JPEG 2000 file that begins with ``head`` has a georeference."""
    return any(box in head for box in _GEO_BOXES)


def envi_header(path: Path) -> Path | None:
    """The header of the ENVI file ``path``, which may be that header itself."""
    for header in (path, path.with_name(f"{path.name}.hdr"), path.with_suffix(".hdr")):
        if header.suffix.lower() == ".hdr" and header.is_file() and _begins(header, b"ENVI"):
            return header
    return None


def envi_data(path: Path) -> Path:
    """The values that belong to ``path``, which may be the header that describes them. Raises ``InputError``."""
    if path.suffix.lower() != ".hdr":
        return path
    for suffix in _ENVI_DATA:
        if (data := path.with_suffix(suffix)).is_file():
            return data
    names = ", ".join(suffix for suffix in _ENVI_DATA if suffix)
    raise InputError("is the header of an ENVI file whose values are not there", remedy=f"put them beside it ({names})")


def _begins(path: Path, start: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(start)) == start


def settings(source: object) -> dict[str, object]:
    """GDAL's configuration while it reads ``source``."""
    return _SETTINGS | (_NETWORK_ONLY if is_remote(source) else _NO_NETWORK)
