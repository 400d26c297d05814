"""One entry -> one status row: whatever goes wrong with a picture ends in its row, never in an exception.

``process`` is the whole of it, for runners that give each picture to one worker. A runner that overlaps pictures calls
its parts, ``prepare`` and ``finish``, from where it likes.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from nircolor import picture
from nircolor.batch import passing
from nircolor.batch.remote import Place, Remote
from nircolor.batch.row import Row, Status
from nircolor.errors import ColourInputError, InputError, NircolorError, UsageError, display_name
from nircolor.image import NirImage, OutputPlan
from nircolor.image.source import open_source

if TYPE_CHECKING:
    from nircolor.batch.plan import Entry

_BLOCK = 1 << 20  # bytes hashed at once


@dataclass(frozen=True)
class Settings:
    """What is the same for all pictures of a batch. ``options`` and ``weights`` go into the rows as they are."""

    root: Place
    target: Place
    reading: picture.Reading = field(default_factory=picture.Reading)
    writing: picture.Writing = field(default_factory=picture.Writing)
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: str = ""

    def row(self, entry: Entry, status: Status, **values: Any) -> Row:
        """A row about ``entry``, dated now."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return Row(
            entry.source, entry.output, status, options=self.options, weights=self.weights, time=now,
            **{"bytes": entry.bytes, **values},
        )  # fmt: skip

    def begun(self, entry: Entry) -> Row:
        """From here on the output is ours, should the process end before it is finished."""
        return Row(entry.source, entry.output, "begun")

    def failed(self, entry: Entry, error: Exception) -> Row:
        """One line without the path, which has a column of its own."""
        cause = error.__cause__
        errno = getattr(cause if isinstance(cause, OSError) else error, "errno", None)
        return self.row(entry, "failed", error=_reason(entry, self, error), errno=errno)


@dataclass
class Work:
    """A picture that has been read."""

    entry: Entry
    image: NirImage
    plan: OutputPlan
    facts: dict[str, Any]
    """What the row will say of the input."""
    remarks: tuple[str, ...]
    seconds: float


def process(entry: Entry, settings: Settings, colorize: Callable[[NDArray[Any]], NDArray[Any]]) -> Row:
    """Read, colorize and write one picture. ``colorize``: (H, W) float32 in [0, 1] -> (H, W, 3)."""
    work = prepare(entry, settings)
    if isinstance(work, Row):
        return work
    start = time.perf_counter()
    try:
        rgb = colorize(work.image.pixels)
    except Exception as error:
        return settings.failed(entry, error)
    work.seconds += time.perf_counter() - start
    return finish(work, rgb, settings)


def prepare(entry: Entry, settings: Settings) -> Work | Row:
    """Read the picture; a row when that fails, or when the input is what the output was made of already."""
    start = time.perf_counter()
    try:
        return _prepare(entry, settings, start)
    except Exception as error:
        return settings.failed(entry, error)


def _prepare(entry: Entry, settings: Settings, start: float) -> Work | Row:
    source, target = settings.root / entry.source, settings.target / entry.output
    content = content_of(source)
    facts = _identify(content, entry)
    if entry.known and entry.known == facts["sha256"]:
        size = target.size() if isinstance(target, Remote) else target.stat().st_size
        return settings.row(entry, "kept", output_bytes=size, **facts)
    if isinstance(target, Path) and isinstance(source, Path) and target.exists() and target.samefile(source):
        raise UsageError("its output is the input itself; choose another output folder")
    try:
        image = picture.read(content, settings.reading)
    except ColourInputError as error:
        if settings.reading.colours != "copy":
            raise picture.offer_copy(error) from error.__cause__
        _check_unchanged(source, facts)
        return _copy(entry, settings, content, facts, start)
    _check_unchanged(source, facts)
    plan = picture.plan(Path(entry.output), image, settings.writing)
    height, width = image.pixels.shape
    facts |= {"width": width, "height": height}
    remarks = tuple(picture.remarks("input", "output", image, plan))
    return Work(entry, image, plan, facts, remarks, time.perf_counter() - start)


def _check_unchanged(source: Place, facts: Mapping[str, Any]) -> None:
    if isinstance(source, Path) and stamp(source.stat()) != facts["stamp"]:
        raise InputError("was changed while it was read; run it again with --resume")


def _copy(entry: Entry, settings: Settings, content: Path | bytes, facts: Mapping[str, Any], start: float) -> Row:
    """A colour picture takes no part in what follows."""
    target, depth = settings.target / entry.output, settings.writing.depth
    made = passing.copy(content, entry.source, target, depth, entry.replace)
    seconds = round(time.perf_counter() - start, 4)
    return settings.row(entry, "done", seconds=seconds, warnings=(passing.REMARK,), **{**facts, **made})


def content_of(source: Place) -> Path | bytes:
    """What the readers of pictures take: a path, or all bytes of an object. Raises InputError."""
    return source.read() if isinstance(source, Remote) else source


def finish(work: Work, rgb: NDArray[Any], settings: Settings) -> Row:
    """Write the colorized picture and say how it went."""
    start, target = time.perf_counter(), settings.target / work.entry.output
    try:
        size = _upload(work, rgb, target) if isinstance(target, Remote) else _write(work, rgb, target)
    except Exception as error:
        return settings.failed(work.entry, error)
    seconds = round(work.seconds + time.perf_counter() - start, 4)
    return settings.row(work.entry, "done", output_bytes=size, seconds=seconds, warnings=work.remarks, **work.facts)


def _write(work: Work, rgb: NDArray[Any], target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.write(target, rgb, work.image, work.plan, work.entry.replace)
    return target.stat().st_size


def _upload(work: Work, rgb: NDArray[Any], target: Remote) -> int:
    stream = io.BytesIO()
    picture.write(stream, rgb, work.image, work.plan, work.entry.replace)
    target.write(data := stream.getvalue())
    return len(data)


def stamp(status: os.stat_result) -> tuple[int, ...]:
    """What changes with a file's content, without reading it: size, times of change, and which file it is.

    The time of change of the status cannot be set back by those who set that of the content.
    """
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def stamp_of(entry: Entry) -> tuple[int, ...]:
    """The same for remote storage, from its listing; empty where that says nothing of versions."""
    return (entry.bytes, entry.changed) if entry.changed else ()


def _identify(source: Path | bytes, entry: Entry) -> dict[str, Any]:
    if isinstance(source, bytes):
        return {"bytes": len(source), "sha256": hashlib.sha256(source).hexdigest(), "stamp": stamp_of(entry)}
    try:
        status, digest = source.stat(), hashlib.sha256()
        with open_source(source) as stream:  # which waits for no pipe
            while block := stream.read(_BLOCK):
                digest.update(block)
    except (InputError, OSError):  # missing, forbidden, a folder, ...: reading it as a picture finds better words
        return {"sha256": None, "stamp": ()}
    return {"bytes": status.st_size, "sha256": digest.hexdigest(), "stamp": stamp(status)}


def _reason(entry: Entry, settings: Settings, error: Exception) -> str:
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.strerror}; check the output folder"
    elif not isinstance(error, NircolorError):
        text = f"{type(error).__name__}: {text} (this is a bug in nircolor: run nircolor colorize -vv on it)"
    places = (settings.root / entry.source, settings.target / entry.output, entry.output)
    for name in (*(display_name(str(place)) for place in places), display_name(b""), "output stream"):
        text = text.removeprefix(f"{name}: ")
    return " ".join(text.split())
