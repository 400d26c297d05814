"""What is the same for all pictures of a batch, and so how its rows begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from nircolor import picture
from nircolor.batch.entry import Entry, Row, Status
from nircolor.batch.places import Place
from nircolor.errors import NircolorError, display_name
from nircolor.reference import Guidance


@dataclass(frozen=True)
class Settings:
    """What is the same for all pictures of a batch. ``options`` and ``weights`` go into the rows as they are.

    ``together``: how many small pictures of one size go through the network at once; None: what suits the device.
    """

    root: Place
    target: Place
    reading: picture.Reading = field(default_factory=picture.Reading)
    writing: picture.Writing = field(default_factory=picture.Writing)
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: str = ""
    together: int | None = None
    guidance: Guidance = field(default_factory=Guidance)

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


def _reason(entry: Entry, settings: Settings, error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}; check the output folder"
    if not isinstance(error, NircolorError):
        text = str(error) or type(error).__name__
        return _line(f"{type(error).__name__}: {text} (this is a bug in nircolor: run nircolor colorize -vv on it)")
    text = error.fault if error.path is not None else str(error)
    for place in (settings.root / entry.source, settings.target / entry.output, entry.output):
        text = text.removeprefix(f"{display_name(str(place))}: ")
    return _line(text.removeprefix("standard input: ").removeprefix("output stream: "))


def _line(text: str) -> str:
    return " ".join(text.split())
