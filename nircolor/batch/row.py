"""What became of one picture: a line of the manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["begun", "done", "kept", "failed"]
"""``begun``: the output, if there is one, is ours to replace. ``kept``: done before and unchanged since."""

Line = str | bytes  # inside Row, bytes is a field


@dataclass(frozen=True)
class Row:
    """``input`` and ``output`` are relative to the two folders; sizes are in bytes, ``width`` and ``height`` in pixels.

    ``stamp`` is what the file system says of the input (see ``process.stamp``), ``sha256`` that of its content,
    ``weights`` the beginning of that of the weights, ``options`` whatever else decides on the output. ``seconds`` are
    those of reading, colorizing and writing together.
    """

    input: str
    output: str
    status: Status
    bytes: int = 0
    stamp: tuple[int, ...] = ()
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

    @property
    def made_with(self) -> str:
        """Weights and options as one text: equal where equal inputs give equal outputs."""
        return made_with(self.weights, self.options)

    def to_json(self) -> str:
        """One line of pure ASCII, whatever bytes names are made of. What is empty, zero or unknown is left out."""
        return json.dumps({key: value for key, value in asdict(self).items() if value})

    @staticmethod
    def from_json(line: Line) -> Row | None:
        """The inverse; None for a line that a crash has cut off, or that is no row."""
        try:
            values = json.loads(line)
            pairs: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
            }
            return Row(**{key: value for key, value in pairs.items() if key in Row.__dataclass_fields__})
        except (ValueError, TypeError, AttributeError):
            return None


def made_with(weights: str, options: Mapping[str, Any]) -> str:
    """See ``Row.made_with``."""
    return json.dumps([weights, options], sort_keys=True)
