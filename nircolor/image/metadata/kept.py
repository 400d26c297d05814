"""What a file says about its picture beside EXIF: XMP, IPTC, texts and comments, and which format can hold what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from nircolor.image.formats import FORMATS
from nircolor.image.metadata import exif, iptc, xmp
from nircolor.image.orient import UPRIGHT
from nircolor.image.tiff import ifd

_SEGMENT = 65533  # bytes that one segment of a JPEG can hold
_COMMENT = "Comment"
_TAGS = {"Description": 270, "Software": 305, "Author": 315, "Copyright": 33432}  # PNG's keywords that TIFF knows too


@dataclass(frozen=True)
class PngText:
    """A text of a PNG file, under one of the standard's keywords (``Title``, ``Author``, ...) or any other."""

    keyword: str
    text: str
    language: str = ""
    translated: str = ""
    """The keyword in ``language``."""


@dataclass(frozen=True)
class Metadata:
    """What must survive beside EXIF; already true of the output."""

    xmp: bytes | None = None
    """A packet in UTF-8."""
    iptc: bytes | None = None
    """An IIM record, without the resources of Photoshop around it."""
    texts: tuple[PngText, ...] = ()
    comments: tuple[bytes, ...] = ()
    """Of a JPEG or PNM file, which does not say how they are encoded."""
    lost: tuple[str, ...] = ()
    """What of the source no output can keep, one line each."""


class Fit(NamedTuple):
    """What of the metadata a format holds, the EXIF block that goes with it, and the names of what it cannot hold."""

    metadata: Metadata
    exif: bytes | None
    lost: tuple[str, ...]


def gather(
    block: bytes | None = None,
    *,
    packet: bytes | None = None,
    extended: bytes | None = None,
    record: bytes | None = None,
    resources: bytes | None = None,
    texts: Iterable[PngText] = (),
    comments: Iterable[bytes] = (),
    lost: Iterable[str] = (),
    turned: bool | None = None,
) -> Metadata:
    """Make what a decoder found fit for the output.

    ``block``: EXIF as found, by which the picture is turned; its own packets count where there are no others.

    ``packet``, ``extended``: XMP and its second part; ``record``: IPTC; ``resources``: those of Photoshop, whose record
    counts where there is no other; ``lost``: lines about what the decoder had to leave out; ``turned``: whether the
    file itself, and not EXIF, turns its picture; None where it cannot.
    """
    inside = exif.packets(block)
    orientation = exif.tidy(block).orientation if turned is None else None if turned else UPRIGHT
    kept = xmp.tidy(packet or inside.get(ifd.XMP), extended, orientation)
    inner = iptc.of_resources(resources or inside.get(ifd.RESOURCES))
    own = iptc.tidy(record or inner.record or inside.get(ifd.IPTC))
    lines = dict.fromkeys((*lost, *kept.lost, *inner.lost, *own.lost))
    return Metadata(kept.packet, own.record, tuple(texts), tuple(comments), tuple(lines))


def fit(metadata: Metadata, block: bytes | None, format: str) -> Fit:
    """``metadata`` and an EXIF block as a file of ``format`` can hold them.

    What has a place of the same meaning moves there: ``Comment`` of PNG and the comment of JPEG are one, and
    ``Description``, ``Author``, ``Copyright`` and ``Software`` are tags of EXIF.
    """
    entry, most = FORMATS[format], _SEGMENT if format == "JPEG" else 1 << 31
    packet = metadata.xmp if entry.xmp and len(metadata.xmp or b"") <= most - 29 else None
    record = metadata.iptc if entry.iptc and len(metadata.iptc or b"") <= most - 30 else None
    kept, texts, comments = replace(metadata, xmp=packet, iptc=record), list[str](), list[str]()
    if not entry.texts:
        kept, texts, tags = _without_texts(kept, entry.comments, entry.exif)
        block, refused = _tagged(block, tags, most - len(exif.PREFIX))
        texts += refused
    if not entry.comments:
        kept, comments = _without_comments(kept, entry.texts)
    lost = {
        "the XMP": packet != metadata.xmp,
        "the IPTC record": record != metadata.iptc,
        f"the PNG text {', '.join(map(ascii, dict.fromkeys(texts)))}": bool(texts),
        "the comment": bool(comments),
    }
    return Fit(kept, block, tuple(name for name, is_lost in lost.items() if is_lost))


def _without_texts(metadata: Metadata, comments: bool, tagged: bool) -> tuple[Metadata, list[str], dict[int, str]]:
    """Texts moved to comments, the keywords of those without a place, and the others by the tag that means the same."""
    moved, lost, tags = list(metadata.comments), list[str](), dict[int, str]()
    for each in metadata.texts:
        tag = _TAGS.get(each.keyword) if tagged and not each.language else None
        if each.keyword == _COMMENT and comments and len(each.text.encode()) <= _SEGMENT:
            moved.append(each.text.encode())
        elif not tag or tags.setdefault(tag, each.text) != each.text:
            lost.append(each.keyword)
    return replace(metadata, texts=(), comments=tuple(moved)), lost, tags


def _tagged(block: bytes | None, tags: dict[int, str], most: int) -> tuple[bytes | None, list[str]]:
    """The EXIF block with ``tags``, and the keywords of those for which it has no place."""
    tagged, refused = exif.with_texts(block, tags)
    if tagged and len(tagged) > most:
        tagged, refused = block, set(tags)
    return tagged, [keyword for keyword, tag in _TAGS.items() if tag in refused]


def _without_comments(metadata: Metadata, texts: bool) -> tuple[Metadata, list[str]]:
    """Comments moved to texts where they fit, and ``comment`` for each other one."""
    read = [_text(comment) for comment in metadata.comments]
    moved = tuple(PngText(_COMMENT, text) for text in read if text is not None) if texts else ()
    lost = ["comment"] * (len(read) - len(moved))
    return replace(metadata, comments=(), texts=(*metadata.texts, *moved)), lost


def _text(comment: bytes) -> str | None:
    """UTF-8 where it can be that, else Latin-1; None for what is no text."""
    plain = comment.rstrip(b"\0")
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        text = plain.decode("latin-1")
    return None if "\0" in text else text
