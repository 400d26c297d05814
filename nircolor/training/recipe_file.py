"""Recipes on disk: TOML files that may start from another one, changed by ``key=value`` texts, checked key by key."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from nircolor.bounds import join, nearest
from nircolor.errors import InputError, UsageError
from nircolor.model import PRESETS
from nircolor.small_file import DEEPEST, check_plain, parsed, read_small
from nircolor.training.recipe import Recipe
from nircolor.training.recipe_checks import check
from nircolor.values import Refuse, build

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST = 256 << 10  # bytes of a recipe: ten times the longest there is
MOST_DOTS = 500  # in a line
RECIPES = Path(__file__).parents[1] / "recipes"
Table = dict[str, Any]
Origins = MutableMapping[str, str]
"""Dotted key -> who said it last: a file or ``CHANGES``."""
CHANGES = "`changes`"
"""The name of the argument, as errors write it."""


def packaged_recipes() -> dict[str, Path]:
    """The recipes that ship with nircolor, ablations included, by name."""
    return {path.stem: path for path in sorted(RECIPES.rglob("*.toml"))}


def load_recipe(recipe: str | Path, changes: Sequence[str] = ()) -> Recipe:
    """A packaged name or a path, and ``key=value`` texts -> a recipe.

    Raises InputError for a file that cannot be read; UsageError, one line with origin, key, value and reason, for
    anything in it or in ``changes`` that cannot be.
    """
    path = find_recipe(recipe)
    values, origins = Table(), dict[str, str]()
    for origin, table in _layers(path):
        _merge(values, table, origin, origins)
    for change in changes:
        _change(values, change, origins)
    return parse_recipe(values, str(path), origins)


def change_recipe(recipe: Recipe, changes: Sequence[str]) -> Recipe:
    """A recipe with ``key=value`` texts applied. Raises UsageError."""
    values, origins = json.loads(json.dumps(recipe.to_dict())), dict[str, str]()
    for change in changes:
        _change(values, change, origins)
    return parse_recipe(values, origins=origins) if changes else recipe


def parse_recipe(values: Mapping[str, Any], origin: str = "recipe", origins: Mapping[str, str] | None = None) -> Recipe:
    """Build a recipe from the tables of a TOML file, or from ``Recipe.to_dict``. Raises UsageError."""

    def refuse(key: str, value: object, reason: str) -> UsageError:
        said = "" if value is None else f" = {_show(value)}"
        text, source = f"{_line(key)}{said}: {reason}", _origin(key, origins or {}, origin)
        return UsageError(text, option="changes") if source == CHANGES else UsageError(text, path=source)

    tables = {**values, "sources": values.get("sources", [])}
    tables["model"] = _model(values, refuse)
    optim = values.get("optim")
    if isinstance(optim, Mapping) and "epochs" in optim:
        tables["optim"] = {"steps": 0, **optim}
    recipe = build(Recipe, tables, "", refuse)
    check(recipe, refuse)
    return recipe


def _model(values: Mapping[str, Any], refuse: Refuse) -> Table:
    """The preset under the changes of [model]; tables in it change single values of the preset's tables."""
    preset, changes = values.get("preset"), values.get("model", {})
    if not isinstance(preset, str) or preset not in PRESETS:
        raise refuse("preset", preset, f"unknown; {nearest(preset, PRESETS)}" if preset else "is missing")
    if not isinstance(changes, Mapping):
        raise refuse("model", changes, "must be a table")
    model = PRESETS[preset].to_dict()
    for key, value in changes.items():
        inner = isinstance(value, Mapping) and isinstance(model.get(key), dict)
        model[key] = {**model[key], **value} if inner else value
    return model


def find_recipe(recipe: str | Path, folder: Path = Path(), said: str = "") -> Path:
    """The file of a packaged name, or of a path relative to ``folder``. Raises UsageError for what is neither."""
    packaged, path = packaged_recipes(), folder / recipe
    if str(recipe) in packaged:
        return packaged[str(recipe)]
    if path.suffix == ".toml" or path.exists() or len(Path(recipe).parts) > 1:
        return path
    reason = "no recipe of this name comes with nircolor"
    raise UsageError(reason, path=said or recipe, remedy=nearest(recipe, packaged))


def _layers(path: Path) -> list[tuple[str, Table]]:
    """The tables of a file and of those it starts from, furthest base first."""
    layers: list[tuple[str, Table]] = []
    chain: list[Path] = []
    while True:
        chain.append(path.resolve())
        if chain[-1] in chain[:-1]:
            raise UsageError(f"base goes round in a circle: {' -> '.join(p.name for p in chain)}", path=path)
        values = _read(path)
        base = values.pop("base", None)
        layers.insert(0, (str(path), values))
        if base is None:
            return layers
        path = _base(path, base)


def _base(path: Path, base: object) -> Path:
    said = f"base = {_show(base)}"
    if not isinstance(base, str):
        raise UsageError(f"{said}: must be the name or the path of a recipe", path=path)
    try:
        found = find_recipe(base, path.parent, f"{path}: {said}")
        there = found.is_file()
    except OSError as error:  # a name that is too long
        raise InputError(f"{said}: {error.strerror}", path=path, remedy="name another recipe") from error
    if not there:
        raise InputError(f"{said}: {found} is not there", path=path)
    return found


def _read(path: Path) -> Table:
    """TOML, or the JSON that a run keeps."""
    parse: Callable[[str], Any] = json.loads if path.suffix == ".json" else _toml
    try:
        values = parsed(parse, read_small(path, MOST).decode())
        if not isinstance(values, dict):
            raise ValueError("not a table")
        return values
    except (OSError, ValueError) as error:  # what is no text and what is no TOML are ValueErrors
        remedy = "check the name, or mend it"
        raise InputError(f"not a recipe that can be read ({error})", path=path, remedy=remedy) from error


def _toml(text: str) -> Table:
    """What tomllib takes long over is refused first: its time grows with the square of the parts of a dotted key."""
    if any(line.count(".") > MOST_DOTS for line in text.splitlines()):
        raise ValueError(f"it has a line of more than {MOST_DOTS} dots")
    return tomllib.loads(text)


def _merge(values: Table, table: Table, origin: str, origins: Origins, path: str = "") -> None:
    """Lay ``table`` over ``values``: tables are merged, anything else, lists too, is replaced."""
    for key, value in table.items():
        here = join(path, key)
        origins[here] = origin
        _forget_other_length(values, here, value, table)
        if not isinstance(value, dict):
            values[key] = deepcopy(value)
            continue
        if not isinstance(values.get(key), dict):
            values[key] = {}
        _merge(values[key], value, origin, origins, here)


def _forget_other_length(optim: Table, path: str, value: object, said: Table) -> None:
    """Steps and epochs say the same thing: who gives one of them takes back the other that was said before."""
    other = {"optim.steps": "epochs", "optim.epochs": "steps"}.get(path)
    if other and value and other not in said:
        optim.pop(other, None)


def changes_of(changes: Sequence[str]) -> Table:
    """Texts ``key=value`` as a table, of tables where keys are dotted. Raises UsageError."""
    values: Table = {}
    for change in changes:
        _change(values, change, {})
    return values


def _change(values: Table, change: str, origins: Origins) -> None:
    """Apply one ``key=value``. The key is dotted, with the index of a source: sources.0.weight."""
    key, sign, text = (part.strip() for part in change.partition("="))
    change = _line(change)
    if not key or not sign:
        raise _refused(change, "give key=value, such as optim.steps=100")
    *parents, last = key.split(".")
    value = _value(text, change)
    if len(parents) > DEEPEST:
        raise _refused(change, f"it is nested deeper than {DEEPEST} levels", "check the key")
    place: Any = values
    for depth, name in enumerate(parents):
        path = join(*parents[: depth + 1])
        place = _item(place, name, path, change) if isinstance(place, list) else place.setdefault(name, {})
        if not isinstance(place, dict | list):
            raise _refused(change, f"{path} is one value, not a table")
        origins.setdefault(path, CHANGES)
    if isinstance(place, list):
        _item(place, last, key, change)
        place[int(last)], origins[key] = value, CHANGES
    else:
        _merge(place, {last: value}, CHANGES, origins, join(*parents))


def _refused(change: str, reason: str, remedy: str | None = None) -> UsageError:
    return UsageError(reason, option="changes", value=change, remedy=remedy)


def _item(items: list[Any], name: str, path: str, change: str) -> Any:
    if not name.isdecimal() or int(name) >= len(items):
        raise _refused(change, f"{path}: give a number from 0 to {len(items) - 1}")
    return items[int(name)]


def _value(text: str, change: str) -> Any:
    """A TOML value; what is none is a text whose quotes the shell took away."""
    try:
        check_plain(text)
        values = parsed(_toml, f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    except ValueError as error:
        raise _refused(change, str(error), "check the value") from error
    return values["value"] if len(values) == 1 else text


def _origin(key: str, origins: Mapping[str, str], default: str) -> str:
    """Who said a key: itself, or the nearest table or list around it."""
    while key and key not in origins:
        key = key.rpartition(".")[0]
    return origins.get(key, default)


def _show(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else _line(repr(value))


def _line(text: str) -> str:
    """Errors are one line, and a short one."""
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."
