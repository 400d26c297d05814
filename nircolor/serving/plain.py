"""What the server and its worker tell each other: JSON, a line each. Errors and engines as plain values, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from nircolor import errors
from nircolor.correction import Correction
from nircolor.engine import EngineConfig
from nircolor.errors import InputError, NircolorError
from nircolor.tiling import Tiling

BEFORE, AFTER = "before.jpg", "after.jpg"
"""Names of the small copies of a picture, in its folder."""


class TooLargeError(InputError):
    """A picture of more pixels than the server takes."""


_CLASSES = {kind.__name__: kind for kind in (*vars(errors).values(), TooLargeError) if isinstance(kind, type)}
BUG = "Bug"
"""In the place of an error's class: something that should never happen."""


def line(**values: Any) -> bytes:
    """One message."""
    return json.dumps(values).encode("ascii") + b"\n"


def read(data: bytes) -> dict[str, Any]:
    """The message of a line; of a line that is none, nothing."""
    try:
        values = json.loads(data)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def of_error(error: Exception) -> dict[str, Any]:
    """An error, without its path: the worker knows it by another name than the user does."""
    if not isinstance(error, NircolorError):
        return {"kind": BUG, "reason": f"{type(error).__name__}: {error}" if str(error) else type(error).__name__}
    value = error.value if error.value is None else str(error.value)
    return {
        "kind": type(error).__name__,
        "reason": error.reason,
        "option": error.option,
        "value": value,
        "remedy": error.remedy,
    }


def to_error(values: Mapping[str, Any]) -> NircolorError:
    """The same error."""
    kind = _CLASSES.get(values["kind"], NircolorError)
    if values["kind"] == BUG:
        return NircolorError(
            f"{values['reason']} (this is a bug in nircolor)", remedy="report it, if you can with the picture"
        )
    options = {name: values[name] for name in ("option", "value", "remedy")}
    error: NircolorError = kind(values["reason"], **options)
    return error


def of_engine(engine: EngineConfig) -> dict[str, Any]:
    """A configuration as plain values."""
    return asdict(engine)


def to_engine(values: Mapping[str, Any]) -> EngineConfig:
    """The same configuration."""
    parts = {"tiling": Tiling(**values["tiling"]), "correction": Correction(**values["correction"])}
    return EngineConfig(**{**values, **parts})
