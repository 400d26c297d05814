"""What a field of a configuration may be: said at the field, as ``metadata`` of a dataclass.

    rate: float = field(default=5e-4, metadata=POSITIVE)
    norm: str = field(default="instance", metadata=one_of("instance", "channel"))

``faults`` holds a configuration against it. Numbers of fields that say nothing must not be negative.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any

Fault = tuple[str, object, str]
"""Dotted key, its value, the reason."""
Bound = Callable[[Any], str]
"""What is wrong with a value; empty: nothing."""
Metadata = Mapping[str, Any]
_OWN = ""


def limit(reason: str, fits: Callable[[float], bool]) -> Metadata:
    """Of a number, or of each number of a tuple."""
    return {"bounds": {_OWN: lambda value: "" if fits(value) else reason}}


def one_of(*names: str) -> Metadata:
    """Of a text."""
    return {"bounds": {_OWN: lambda value: "" if value in names else f"not a choice; {nearest(value, names)}"}}


def inside(**own: Metadata) -> Metadata:
    """Of a field that is a dataclass itself: bounds of fields in it, in the place of those that they have there."""
    return {"bounds": {name: metadata["bounds"][_OWN] for name, metadata in own.items()}}


def at_most(value: float) -> Metadata:
    """Of a field that is a dataclass itself: no number in it may be larger."""
    return {"most": value}


NOT_NEGATIVE = limit("must not be negative", lambda v: v >= 0)
AT_LEAST_1 = limit("must be at least 1", lambda v: v >= 1)
POSITIVE = limit("must be above 0", lambda v: v > 0)
SHARE = limit("must be above 0 and at most 1", lambda v: 0 < v <= 1)
FRACTION = limit("must be between 0 and 1", lambda v: 0 <= v <= 1)
DECAY = limit("must be at least 0 and below 1", lambda v: 0 <= v < 1)


def faults(config: Any, path: str = "", metadata: Metadata = MappingProxyType({})) -> Iterator[Fault]:
    """Every value below ``config`` that its field excludes. ``path``: its dotted key. ``metadata``: its field's."""
    bounds, most = metadata.get("bounds", {}), metadata.get("most", math.inf)
    if is_dataclass(config):
        for f in fields(config):
            own = {_OWN: bounds[f.name]} if f.name in bounds else f.metadata.get("bounds", {})
            yield from faults(getattr(config, f.name), join(path, f.name), {"most": most, **f.metadata, "bounds": own})
    elif isinstance(config, tuple):
        for index, item in enumerate(config):
            yield from faults(item, join(path, index), metadata)
    elif reason := _fault(config, bounds.get(_OWN), most):
        yield path, config, reason


def _fault(value: Any, bound: Bound | None, most: float) -> str:
    if not isinstance(value, int | float):
        return bound(value) if bound else ""
    reason = (bound or NOT_NEGATIVE["bounds"][_OWN])(value)
    return reason or (f"must be at most {most}" if value > most else "")


def join(*parts: object) -> str:
    """A dotted key."""
    return ".".join(str(part) for part in parts if part != "")


def nearest(name: object, known: Iterable[str]) -> str:
    """What to say after an unknown name: the nearest right one, or all of them."""
    names = list(known)
    close = difflib.get_close_matches(str(name), names, 1)
    return f"did you mean {close[0]}?" if close else f"there {'are' if len(names) > 1 else 'is'} {', '.join(names)}"
