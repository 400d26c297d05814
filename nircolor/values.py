"""Tables of plain values -> frozen dataclasses, checked key by key against their annotations."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from nircolor.bounds import join, nearest
from nircolor.errors import NircolorError

T = TypeVar("T")
Refuse = Callable[[str, object, str], NircolorError]
"""Dotted key, its value, the reason -> the error to raise."""

_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes"}
_LARGEST = 2**63 - 1


def build(kind: type[T], values: object, path: str, refuse: Refuse) -> T:
    """One dataclass from one table, which is found at ``path``. Raises what ``refuse`` makes of the first fault."""
    if not isinstance(values, Mapping):
        raise refuse(path, values, "must be a table")
    hints = get_type_hints(kind)
    for key, value in values.items():
        if key not in hints:
            raise refuse(join(path, key), value, f"unknown key; {_nearest_key(key, path, kind)}")
    for f in fields(kind):  # type: ignore[arg-type]
        if f.name not in values and f.default is MISSING and f.default_factory is MISSING:
            raise refuse(join(path, f.name), None, "is missing")
    return kind(**{key: _convert(hints[key], value, join(path, key), refuse) for key, value in values.items()})


def _convert(hint: Any, value: Any, path: str, refuse: Refuse) -> Any:
    if is_dataclass(hint):
        return build(hint, value, path, refuse)  # type: ignore[arg-type]
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        if value not in choices:
            raise refuse(path, value, f"not a choice; {nearest(value, choices)}")
        return value
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise refuse(path, value, "must be an array")
        return tuple(_convert(get_args(hint)[0], item, join(path, i), refuse) for i, item in enumerate(value))
    return _scalar(hint, value, path, refuse)


def _scalar(hint: type, value: Any, path: str, refuse: Refuse) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number if hint is float else type(value) is hint):
        raise refuse(path, value, f"must be {_NAMES[hint]}")
    if number and (abs(value) > _LARGEST or math.isnan(value)):
        raise refuse(path, value, "must be finite and below 2^63")
    return float(value) if hint is float else value


def _nearest_key(key: str, path: str, kind: type) -> str:
    """A key of this table that is spelled alike, else one of that name in a table below, else all keys of this one."""
    siblings = list(get_type_hints(kind))
    if not difflib.get_close_matches(key, siblings, 1):
        below = [join(path, found) for found in _all_keys(kind) if found.split(".")[-1] == key]
        if below:
            return f"did you mean {' or '.join(below)}?"
    return nearest(join(path, key), [join(path, name) for name in siblings])


def _all_keys(kind: type) -> list[str]:
    keys: list[str] = []
    for name, hint in get_type_hints(kind).items():
        keys += [name, *(join(name, key) for key in (_all_keys(hint) if is_dataclass(hint) else ()))]  # type: ignore[arg-type]
    return keys
