"""Tables of the run's page: the scores, a row a validation; what was run, key by key; and the files it left."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from nircolor.pages.text import NO_BREAK, heading, number, with_unit
from nircolor.training.events import Scores
from nircolor.training.run_log.curves import metric_named
from nircolor.training.run_log.records import History
from nircolor.written import visible

_FILES = {
    "best.safetensors": "averaged weights of the best validation: what to colorize with",
    "weights.safetensors": "averaged weights of the last step that was saved: likewise",
    "checkpoint.safetensors": "what a resumed run goes on from",
    "texture.safetensors": "the texture autoencoder",
    "recipe.json": "the recipe with every default",
    "data.json": "the pairs that it was trained and validated on",
    "log.jsonl": "every record, one JSON object a line",
    "losses.csv": "the losses as a table",
    "scores.csv": "the scores as a table",
    "losses.png": "the curves of the losses",
    "scores.png": "the curves of the scores",
    "pictures": "the pictures of every validation",
    "tensorboard": "the same for TensorBoard",
}
_UNITS = ("B", "kB", "MB", "GB")


@dataclass(frozen=True)
class ScoreRow:
    """A validation. ``values``: for each metric, those of its validation sets."""

    step: int
    best: bool
    values: Sequence[Sequence[str]]


@dataclass(frozen=True)
class ScoreTable:
    """``columns``: for each metric, its heading and its validation sets. ``rows``: the newest first."""

    columns: Sequence[tuple[str, Sequence[str]]]
    rows: Sequence[ScoreRow]


@dataclass(frozen=True)
class RunFile:
    """A file of the run: its name, the address of it beside the page, its size, and what it is."""

    name: str
    link: str
    size: str
    words: str


def score_table(history: History) -> ScoreTable:
    """All validations of a run."""
    panels = {metric: list(lines) for metric, lines in history.panels().items()}
    columns = [(_heading(key), folders) for key, folders in panels.items()]
    rows = [
        ScoreRow(scores.step, scores is history.best, [_values(scores, key, sets) for key, sets in panels.items()])
        for scores in reversed(history.scores)
    ]
    return ScoreTable(columns, rows)


def in_words(scores: Scores) -> Markup:
    """``vcip2020 PSNR 22.10 dB, AE 4.20°; epfl PSNR ...``."""
    found: dict[str, list[Markup]] = {}
    for name, value in scores.values.items():
        folder, _, key = name.rpartition("/")
        found.setdefault(folder, []).append(_with_title(key, value))
    return Markup("; ").join(
        Markup("{} {}").format(visible(folder), Markup(", ").join(values)) for folder, values in found.items()
    )


def duration(seconds: float) -> Markup:
    """``12 s``, ``3 min 20 s``, ``5 h 02 min``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return Markup(f"{hours}{NO_BREAK}h {minutes:02}{NO_BREAK}min")
    return Markup(f"{minutes}{NO_BREAK}min {rest:02}{NO_BREAK}s" if minutes else f"{rest}{NO_BREAK}s")


def flat(values: Mapping[str, object]) -> dict[str, str]:
    """``optim.rate``, ``sources.0.folder``: nested tables and lists of tables as dotted names, and how they read."""
    return dict(_flat(values, ""))


def files_of(run: Path) -> list[RunFile]:
    """Each file that is there, weights first."""
    weights = sorted(path.name for path in run.glob("*.safetensors") if path.name not in _FILES)
    return [_file(run / name) for name in (*_FILES, *weights) if (run / name).exists()]


def _heading(key: str) -> str:
    metric = metric_named(key)
    return heading(metric) if metric else key


def _values(scores: Scores, key: str, folders: Sequence[str]) -> list[str]:
    metric = metric_named(key)
    return [number(scores.values.get(f"{folder}/{key}"), metric.decimals if metric else 4) for folder in folders]


def _with_title(key: str, value: float) -> Markup:
    metric = metric_named(key)
    words = (metric.title, with_unit(metric, value)) if metric else (visible(key), number(value, 4))
    return Markup("{} {}").format(*words)


def _file(path: Path) -> RunFile:
    link = quote(os.fsencode(path.name)) + ("/" if path.is_dir() else "")
    return RunFile(path.name, link, "" if path.is_dir() else _size(path.stat().st_size), _FILES.get(path.name, ""))


def _size(amount: float) -> Markup:
    for unit in _UNITS[:-1]:
        if amount < 1000:
            return Markup(f"{amount:.3g}{NO_BREAK}{unit}")
        amount /= 1000
    return Markup(f"{amount:.3g}{NO_BREAK}{_UNITS[-1]}")


def _flat(value: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)) and any(isinstance(inner, Mapping) for inner in value):
        for index, inner in enumerate(value):
            yield from _flat(inner, f"{name}.{index}")
    else:
        yield name, _shown(value)


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_shown, value)) or "none"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value) or "none"
