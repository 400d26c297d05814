"""Which weights have a name here, and whether a file is sound and what it says of itself.

for weights in list_weights():
    print(weights)
print(verify_weights("lite"))
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any, Literal

from nircolor.errors import WeightsError
from nircolor.events import Observer, Reporter, nobody
from nircolor.weights import list_own, list_packaged, locate, read_meta, verify
from nircolor.wording import one_line

LINE_WIDTH = 100
FIRST = ("description", "license", "step", "metrics", "data", "calibration")  # then the rest, which is long
DEEPEST = 20  # a file can nest its metadata deeper than anybody reads


@dataclass(frozen=True)
class NamedWeights:
    """Weights that come with nircolor (``packaged``), or are in the user's own folder. ``bytes``: size of the file.

    ``network``: its name, None where the file describes none.
    """

    name: str
    source: Literal["packaged", "own"]
    path: str
    bytes: int
    network: str | None

    def to_json(self) -> dict[str, Any]:
        """A row of ``nircolor weights list --json``."""
        return asdict(self)

    def __str__(self) -> str:
        size, network = f"{self.bytes / 1e6:.1f} MB", self.network or "no network"
        return one_line(f"{self.name}  {self.source}  {size}  {network}  {self.path}")


@dataclass(frozen=True)
class WeightsInfo:
    """A sound file of weights. ``sha256``: of the whole file. ``meta``: what it says of itself."""

    name: str
    path: str
    bytes: int
    network: str | None
    sha256: str
    meta: dict[str, object]

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor weights verify --json`` prints."""
        return {**vars(self)}

    def __str__(self) -> str:
        keys = sorted(self.meta, key=lambda key: (FIRST.index(key) if key in FIRST else len(FIRST), key))
        text = (line for key in keys for line in _lines(key, self.meta[key]))
        return "\n".join((one_line(f"{self.path}: sound"), f"sha256: {self.sha256}", *text))


def list_weights(*, on_event: Observer = nobody) -> list[NamedWeights]:
    """The packaged weights, then the user's own, which are the files of the folder that NIRCOLOR_WEIGHTS names.

    What is damaged or cannot be read there is left out, with a warning to ``on_event``. Raises WeightsError where a
    packaged file is damaged.
    """
    with Reporter(on_event) as reporter:
        rows = [_named(name, "packaged") for name in list_packaged()]
        if not rows:
            reporter.warn("no weights are packaged: reinstall nircolor")
        return [*rows, *_own(reporter)]


def verify_weights(name: str | Path) -> WeightsInfo:
    """Check format, version, checksum, numbers and network of weights; ``name`` is one of ``locate``.

    Raises WeightsError for what is missing, damaged or too new, and for the checkpoint of an unfinished run.
    """
    path = locate(name)
    meta = verify(path)
    if "config" in meta and "kind" not in meta:  # the other kinds are no networks that colorize
        from nircolor.weights_file import read_shapes
        from nircolor.weights_network import described

        described(meta, read_shapes(path), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return WeightsInfo(str(name), str(path), path.stat().st_size, _network(meta), digest, meta)


def _named(name: str, source: Literal["packaged", "own"]) -> NamedWeights:
    path = locate(name)
    return NamedWeights(name, source, str(path), path.stat().st_size, _network(read_meta(name)))


def _own(reporter: Reporter) -> Iterator[NamedWeights]:
    try:
        names = list_own()
    except WeightsError as error:
        reporter.warn(str(error))
        return
    for name in names:
        try:
            yield _named(name, "own")
        except WeightsError as error:
            reporter.warn(str(error))


def _network(meta: dict[str, object]) -> str | None:
    config = meta.get("config")
    return config.get("name") if isinstance(config, dict) else None


def _lines(key: str, value: object, depth: int = 0) -> Iterator[str]:
    """``key: value``, wrapped; what is nested stands below its key, two columns further in."""
    indent, items = "  " * depth, _items(value)
    if items is None or depth == DEEPEST:
        text, inner = one_line(f"{key}: {_text(value) if items is None else '...'}"), f"{indent}    "
        yield from wrap(text, LINE_WIDTH, initial_indent=indent, subsequent_indent=inner, break_on_hyphens=False)
        return
    yield f"{indent}{one_line(key)}:"
    for name, item in items:
        yield from _lines(name, item, depth + 1)


def _items(value: object) -> Iterable[tuple[str, object]] | None:
    """The parts that stand on lines of their own; a small object in a list, such as a data source, needs one line."""
    if isinstance(value, dict) and value:
        return sorted(value.items())
    if isinstance(value, list) and not _flat(value):
        return [(str(number), _row(item)) for number, item in enumerate(value, 1)]
    return None


def _row(item: object) -> object:
    return [f"{k} {_text(v)}" for k, v in item.items()] if isinstance(item, dict) and _flat(item.values()) else item


def _flat(values: Iterable[object]) -> bool:
    return not any(isinstance(value, dict | list) for value in values)


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) and value else json.dumps(value)
