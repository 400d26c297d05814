"""The file formats: their names, suffixes, first bytes and what each one can hold."""

from __future__ import annotations

from dataclasses import dataclass
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
    )
}
# fmt: on
SUPPORTED = ", ".join(FORMATS)
PAGED = "TIFF"
"""The one format whose files can hold several pictures, each of a size and depth of its own."""


def sniff(head: bytes) -> str | None:
    """Name of the format whose first bytes (at least 16 of them) these are, None where none fits.

    The content decides, never the suffix: files are renamed carelessly, and standard input has no name.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    return "BMP" if head.startswith(b"BM") else None


def is_raw(head: bytes) -> bool:
    """Whether a file that begins with ``head`` (at least 16 bytes) is camera raw of a kind that is no plain TIFF.

    DNG, NEF, ARW and others are TIFF files, and known by the pictures in them.
    """
    if head.startswith((b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM")):
        return True  # ORF, RW2, RAF, X3F, MRW
    return (head.startswith(b"II*\0") and head[8:10] == b"CR") or head[4:12] == b"ftypcrx "  # CR2, CR3


def by_suffix(path: Path) -> str | None:
    """Name of the format that the suffix of ``path`` stands for, None for an unknown one or none at all."""
    suffix = path.suffix.lower()
    return next((entry.name for entry in FORMATS.values() if suffix in entry.suffixes), None)


def by_name(text: str) -> str:
    """Name of the format called ``text`` (``png``, ``tif``, ``TIFF``, ``.jpg``, ...). Raises ``UsageError``."""
    wanted = text.strip().lower().lstrip(".")
    for entry in FORMATS.values():
        if wanted == entry.name.lower() or f".{wanted}" in entry.suffixes:
            return entry.name
    raise UsageError(f"unknown format {text!r}", remedy=f"choose one of {SUPPORTED}")
