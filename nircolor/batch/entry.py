"""One picture of a folder: what is to be done with it, and what became of it, which is a line of the manifest."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from nircolor.batch.places import Stamp
from nircolor.events import Event
from nircolor.small_file import nested
from nircolor.written import json_line

Status = Literal["begun", "done", "kept", "failed"]
"""``begun``: the output, if there is one, is ours to replace. ``kept``: done before and unchanged since."""

Line = str | bytes  # inside Row, bytes is a field


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture to be colorized: its path below the input folder, that of its output below the output folder.

    ``replace``: an output that is there may be replaced. ``known``: when the input still has this SHA-256, the output
    is finished.
    """

    source: str
    output: str
    bytes: int
    changed: int = 0
    replace: bool = False
    known: str | None = None


@dataclass(frozen=True)
class Row:
    """``input`` and ``output`` are relative to the two folders; sizes are in bytes, ``width`` and ``height`` in pixels.

    ``stamp`` is what its place says of the input (see ``Place.stamp``), ``sha256`` that of its content, ``weights``
    the beginning of that of the weights, ``options`` whatever else decides on the output. ``seconds`` are
    those of reading, colorizing and writing together. ``pages``: how many, where all of several were wanted; then
    ``width`` and ``height`` are those of the first, and ``pixels`` those of all. ``reference``: how it was used.
    """

    input: str
    output: str
    status: Status
    bytes: int = 0
    stamp: Stamp = ()
    sha256: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: str = ""
    output_bytes: int = 0
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    time: str = ""
    error: str | None = None
    errno: int | None = None
    warnings: tuple[str, ...] = ()
    pages: int = 0
    pixels: int = 0
    reference: Mapping[str, Any] = field(default_factory=dict)

    @property
    def made_with(self) -> str:
        """Weights and options as one text: equal where equal inputs give equal outputs."""
        return made_with(self.weights, self.options)

    def to_json(self) -> str:
        """One line of pure ASCII, whatever bytes names are made of. What is empty, zero or unknown is left out."""
        return json_line({key: value for key, value in asdict(self).items() if value})

    @staticmethod
    def from_json(line: Line) -> Row:
        """The inverse. Keys that are unknown are of a newer nircolor, and are left out.

        Raises ValueError, in a few words, for what is no row: anybody may have written into the file, and what a row
        says decides on what is replaced and removed.
        """
        values = _object(line)
        known = {key: value for key, value in values.items() if key in _FITS}
        for key, value in known.items():
            if not _FITS[key](value):
                raise ValueError(f"its {key} cannot be {str(value)[:40]!r}")
        for key in ("input", "output", "status"):
            if key not in known:
                raise ValueError(f"it has no {key}")
        if not is_inside(known["output"]) and (known["output"] or known["status"] != "failed"):
            raise ValueError(f"its output {known['output'][:60]!r} is no path inside the output folder")
        plain: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in known.items()}
        return Row(**plain)


@dataclass(frozen=True)
class PictureDone(Event):
    """A picture is finished, was kept, or has failed: see ``row.status``. ``failed``: how many have so far."""

    row: Row
    failed: int


def _object(line: Line) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except UnicodeDecodeError as error:
        raise ValueError("it is no text") from error
    except ValueError as error:
        raise ValueError("it is no JSON") from error
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if not isinstance(values, dict):
        raise ValueError("it is no JSON object")
    if "options" in values:  # which are written down again
        deque(nested(values["options"]), 0)
    return values


def is_inside(name: str) -> bool:
    """Whether ``name`` is the path of a file below a folder, links aside."""
    try:
        encoded = os.fsencode(name)
    except ValueError:  # half a character
        return False
    if os.sep == "\\":
        encoded = encoded.replace(b"\\", b"/")
    parts = encoded.split(b"/")
    relative = not encoded.startswith(b"/") and not os.path.splitdrive(name)[0]
    named = parts[-1] not in (b"", b".") and b".." not in parts
    return relative and named and (len(encoded) <= _LONGEST or max(map(len, parts)) <= _LONGEST)


def _is_whole(value: Any) -> bool:
    return type(value) is int


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _all(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


_LONGEST = 255  # bytes of a name on every common disk
_KINDS: dict[str, Callable[[Any], bool]] = {
    "str": _is_text,
    "int": _is_whole,
    "float": _is_number,
    "str | None": _or_none(_is_text),
    "int | None": _or_none(_is_whole),
    "Stamp": _all(_is_whole),
    "tuple[str, ...]": _all(_is_text),
    "Mapping[str, Any]": lambda value: isinstance(value, dict),
    "Status": lambda value: value in get_args(Status),
}
_FITS = {entry.name: _KINDS[str(entry.type)] for entry in fields(Row)}


def made_with(weights: str, options: Mapping[str, Any]) -> str:
    """See ``Row.made_with``."""
    return json.dumps([weights, options], sort_keys=True)
