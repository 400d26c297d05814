"""The file formats: their names, suffixes, first bytes, what each one can hold, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import util
from pathlib import Path

from nircolor.errors import UsageError


@dataclass(frozen=True)
class Format:
    """One family of files. The first suffix is the one given to new files; ``max_side`` is in pixels."""

    name: str
    suffixes: tuple[str, ...]
    depths: tuple[int, ...]
    max_side: int
    alpha: bool
    icc: bool
    exif: bool
    resolution: bool
    xmp: bool = False
    iptc: bool = False
    texts: bool = False
    """Texts under keywords, as PNG has them."""
    comments: bool = False
    """Comments, as JPEG has them."""


@dataclass(frozen=True)
class ReadOnly:
    """A family that is read but not written."""

    name: str
    suffixes: tuple[str, ...]
    becomes: str
    """Format of outputs, a key of ``FORMATS``."""
    extra: str | None = None
    """Extra of nircolor that brings what reads it; None where nothing more is needed."""
    module: str | None = None
    """The module that is not there without the extra."""

    @property
    def is_readable(self) -> bool:
        """Whether what reads it is installed; nothing is imported."""
        return self.module is None or util.find_spec(self.module) is not None


# fmt: off
FORMATS = {
    entry.name: entry
    for entry in (
        Format(
            "PNG", (".png",), (8, 16), 2**31 - 1,
            alpha=True, icc=True, exif=True, resolution=True, xmp=True, iptc=True, texts=True,
        ),
        Format(
            "TIFF", (".tif", ".tiff"), (8, 16, 32), 2**31 - 1,
            alpha=True, icc=True, exif=True, resolution=True, xmp=True, iptc=True,
        ),
        Format(
            "JPEG", (".jpg", ".jpeg"), (8,), 65500,
            alpha=False, icc=True, exif=True, resolution=True, xmp=True, iptc=True, comments=True,
        ),
        Format("WEBP", (".webp",), (8,), 16383, alpha=True, icc=True, exif=True, resolution=False, xmp=True),
        Format("BMP", (".bmp",), (8,), 32767, alpha=False, icc=False, exif=False, resolution=True),
        Format("JXL", (".jxl",), (8, 16), 2**18, alpha=True, icc=False, exif=True, resolution=False, xmp=True),
        Format("AVIF", (".avif",), (8, 16), 32768, alpha=True, icc=True, exif=True, resolution=False, xmp=True),
    )
}
"""What is read and written."""
# fmt: on

_RAW_SUFFIXES = (
    ".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".sr2", ".raf", ".orf", ".rw2", ".pef", ".srw",
)  # fmt: skip
READ_ONLY = {
    entry.name: entry
    for entry in (
        ReadOnly("JP2", (".jp2", ".j2k", ".jpx", ".j2c", ".jpc"), "TIFF"),
        ReadOnly("PNM", (".pgm", ".ppm", ".pnm", ".pbm", ".pam"), "PNG"),
        ReadOnly("PFM", (".pfm",), "TIFF"),
        ReadOnly("NPY", (".npy",), "TIFF"),
        ReadOnly("HEIF", (".heic", ".heif", ".hif"), "AVIF", "heic", "pillow_heif"),
        ReadOnly("EXR", (".exr",), "TIFF", "exr", "OpenEXR"),
        ReadOnly("RAW", _RAW_SUFFIXES, "TIFF", "raw", "rawpy"),
    )
}
SUPPORTED = ", ".join(FORMATS)
"""Names of the formats that are written."""
PAGED = "TIFF"
"""The one format whose files can hold several pictures, each of a size and depth of its own."""

_ALL: tuple[Format | ReadOnly, ...] = (*FORMATS.values(), *READ_ONLY.values())
_FAMILIES = {suffix: entry.name for entry in _ALL for suffix in entry.suffixes}

_STARTS = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"\xff\x0a": "JXL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JXL",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JP2",
    b"\xff\x4f\xff\x51": "JP2",
    b"\x76\x2f\x31\x01": "EXR",
    b"\x93NUMPY": "NPY",
    b"PF\n": "PFM",
    b"Pf\n": "PFM",
    b"P7\n": "PNM",
}
_RAW = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM")  # ORF, RW2, RAF, X3F, MRW
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
HEAD = 64
"""Bytes that ``sniff`` looks at, where there are as many."""


def sniff(head: bytes) -> str | None:
    """Name of the format whose first bytes (at least 16 of them) these are, None where none fits.

    The content decides, never the suffix: files are renamed carelessly, and standard input has no name. ``RAW`` is
    camera raw of a kind that is no plain TIFF: DNG, NEF, ARW and others are TIFF files, and known by what is in them.
    """
    if head.startswith(_RAW) or (head.startswith(b"II*\0") and head[8:10] == b"CR") or head[4:12] == b"ftypcrx ":
        return "RAW"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _brand(head)
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3] in (b" ", b"\t", b"\r", b"\n", b"#"):
        return "PNM"
    found = next((name for start, name in _STARTS.items() if head.startswith(start)), None)
    return found or ("BMP" if head.startswith(b"BM") else None)


def _brand(head: bytes) -> str | None:
    size = min(int.from_bytes(head[:4], "big"), HEAD)
    brands = {head[8:12], *(head[place : place + 4] for place in range(16, size, 4))}
    if head[8:12] in (b"avif", b"avis") or (head[8:12] in (b"mif1", b"msf1") and b"avif" in brands):
        return "AVIF"
    return "HEIF" if head[8:12] in _HEIF_BRANDS else None


def by_suffix(path: Path) -> str | None:
    """Name of the format, read-only ones too, that the suffix of ``path`` stands for; None for an unknown one."""
    return _FAMILIES.get(path.suffix.lower())


def by_name(text: str) -> str:
    """Name of the format to write called ``text`` (``png``, ``tif``, ``.jpg``, ...). Raises ``UsageError``."""
    wanted = text.strip().lower().lstrip(".")
    for entry in FORMATS.values():
        if wanted == entry.name.lower() or f".{wanted}" in entry.suffixes:
            return entry.name
    known = next((entry for entry in READ_ONLY.values() if f".{wanted}" in entry.suffixes), None)
    reason = f"{known.name} is read, but not written" if known else f"unknown format {text!r}"
    raise UsageError(reason, remedy=f"choose one of {SUPPORTED}")


def outcome(name: str) -> str:
    """Name of the format of outputs whose input has the format ``name``."""
    return READ_ONLY[name].becomes if name in READ_ONLY else name


def picture_suffixes() -> frozenset[str]:
    """Suffixes of the files that are pictures: what can be read here and now."""
    read = (entry for entry in _ALL if isinstance(entry, Format) or entry.is_readable)
    return frozenset(suffix for entry in read for suffix in entry.suffixes)
