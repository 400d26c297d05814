"""One entry -> one status row: whatever goes wrong with a picture ends in its row, never in an exception.

``prepare`` reads a picture, or opens a large one; ``finish`` takes its colours and writes them while they come.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nircolor import picture
from nircolor.batch.entry import Entry, Row
from nircolor.batch.places import Place
from nircolor.batch.process_pages import PagesWork, pages_of
from nircolor.batch.settings import Settings
from nircolor.errors import ColourInputError, InputError, UsageError
from nircolor.image import OutputPlan, read_rgb
from nircolor.image.formats import by_suffix
from nircolor.image.source import open_source
from nircolor.picture import Held, Windows
from nircolor.reference import unused
from nircolor.tiling import Piece

COPIED = "input: is a colour picture: copied as it is"

_BLOCK = 1 << 20  # bytes hashed at once
_DEPTHS = {"uint8": 8, "uint16": 16, "float32": 32}
_REMEDY = "leave `format` and `depth` out, or colorize it with `colours='colorize'`"


@dataclass
class Work:
    """A picture that has been read, or is open to be read by windows until ``finish``."""

    entry: Entry
    image: Windows
    plan: OutputPlan
    facts: dict[str, Any]
    """What the row will say of the input."""
    seconds: float
    open: ExitStack

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.image.shape

    @property
    def pixels(self) -> NDArray[np.float32] | None:
        """(H, W) in [0, 1]; None where they stay in the file."""
        return self.image.image.pixels if isinstance(self.image, Held) else None


Made = Work | PagesWork


def prepare(entry: Entry, settings: Settings) -> Made | Row:
    """Read or open the picture; a row when that fails, or when the input is what the output was made of already."""
    start = time.perf_counter()
    try:
        return _prepare(entry, settings, start)
    except Exception as error:
        return settings.failed(entry, error)


def _prepare(entry: Entry, settings: Settings, start: float) -> Made | Row:
    source, target = settings.root / entry.source, settings.target / entry.output
    content = source.content()
    facts = _identify(source, content, entry)
    if entry.known and entry.known == facts["sha256"]:
        return settings.row(entry, "kept", output_bytes=target.size(), **facts)
    if target.is_same(source):
        raise UsageError("its output is the input itself", remedy="choose another output folder")
    if pages := pages_of(entry, content, settings, facts, lambda: _check_unchanged(source, entry, facts)):
        return pages
    try:
        with ExitStack() as stack:
            windows = stack.enter_context(picture.opened(content, settings.reading))
            (height, width), image = windows.shape, cast(Windows, windows)
            facts |= {"width": width, "height": height}
            if height * width <= picture.HELD:
                image = Held(windows.whole())
                stack.close()
            plan = picture.plan(Path(entry.output), image, settings.writing)
            _check_unchanged(source, entry, facts)
            return Work(entry, image, plan, facts, time.perf_counter() - start, stack.pop_all())
    except ColourInputError as error:
        if settings.reading.colours != "copy":
            raise picture.offer_copy(error) from error.__cause__
    _check_unchanged(source, entry, facts)
    return _copy(entry, settings, content, facts, start)


def _identify(source: Place, content: Path | bytes, entry: Entry) -> dict[str, Any]:
    """Size, hash and stamp of the input."""
    try:
        stamp, digest, size = source.stamp(entry.bytes, entry.changed), hashlib.sha256(), 0
        with open_source(content) as stream:  # which waits for no pipe
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except (InputError, OSError):  # missing, forbidden, a folder, ...: reading it as a picture finds better words
        return {"sha256": None, "stamp": ()}
    return {"bytes": size, "sha256": digest.hexdigest(), "stamp": stamp}


def _check_unchanged(source: Place, entry: Entry, facts: Mapping[str, Any]) -> None:
    if source.stamp(entry.bytes, entry.changed) != facts["stamp"]:
        raise InputError("was changed while it was read", remedy="run it again with `policy=resume`")


def _copy(entry: Entry, settings: Settings, content: Path | bytes, facts: Mapping[str, Any], start: float) -> Row:
    """A colour picture among near-infrared ones is passed on as it is: byte for byte, in its own format. It takes no
    part in what follows. Raises InputError where it would have to be converted, or is damaged.
    """
    image = read_rgb(content)
    if _converts(Path(entry.source), Path(entry.output), settings.writing.depth, _DEPTHS[image.dtype]):
        raise InputError("is a colour picture that would have to be converted, not copied", remedy=_REMEDY)
    height, width, _ = image.pixels.shape
    made = {"width": width, "height": height}
    made["output_bytes"] = (settings.target / entry.output).copy(content, entry.replace)
    seconds = round(time.perf_counter() - start, 4)
    return settings.row(entry, "done", seconds=seconds, warnings=(COPIED,), **{**facts, **made})


def _converts(source: Path, target: Path, depth: int | None, own: int) -> bool:
    same = source.suffix == target.suffix or by_suffix(source) == by_suffix(target)
    return not same or depth not in (None, own)


def finish(work: Work, pieces: Iterable[Piece], settings: Settings) -> Row:
    """Write the colours of a picture while they come, and say how it went."""
    start, entry = time.perf_counter(), work.entry
    try:
        with work.open:
            colours = _of_one_state(work, pieces, settings)
            size = (settings.target / entry.output).write(
                lambda place: picture.write(place, colours, work.image, work.plan, entry.replace)
            )
            remarks = tuple(picture.remarks("input", "output", work.image, work.plan))
    except Exception as error:
        return settings.failed(entry, error)
    seconds = round(work.seconds + time.perf_counter() - start, 4)
    told = (*remarks, *unused(work.facts))
    return settings.row(entry, "done", output_bytes=size, seconds=seconds, warnings=told, **work.facts)


def _of_one_state(work: Work, pieces: Iterable[Piece], settings: Settings) -> Iterator[Piece]:
    """``pieces``; an error in place of their end where the file that they are made of has changed meanwhile."""
    yield from pieces
    if work.pixels is None:
        _check_unchanged(settings.root / work.entry.source, work.entry, work.facts)
