"""Tables of the run's page: the scores, a row a validation; what was run, key by key; and the files it left."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from nircolor.pages.text import NO_BREAK, count, heading, number, with_unit
from nircolor.training.events import Scores
from nircolor.training.run_log.curves import metric_named
from nircolor.training.run_log.records import History
from nircolor.written import esc

_MANY = 25  # rows beyond which the table scrolls
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
_FEW = 20  # lines that are shown without being asked for
_UNITS = ("B", "kB", "MB", "GB")


def score_table(history: History) -> Iterator[str]:
    """Newest first; the row of the best weights is bold."""
    columns = {metric: list(lines) for metric, lines in history.panels().items()}
    tall = " tall" if len(history.scores) > _MANY else ""
    yield f'<div class="scroll{tall}" tabindex="0" role="region" aria-label="Scores by validation">'
    yield '<table class="numbers summary"><thead><tr><th scope="col" rowspan="2" class="name">step</th>'
    for metric, folders in columns.items():
        yield f'<th scope="colgroup" colspan="{len(folders)}" class="first">{_head(metric)}</th>'
    yield "</tr><tr>"
    for folders in columns.values():
        yield "".join(_cell("th", i, esc(folder)) for i, folder in enumerate(folders))
    yield "</tr></thead><tbody>"
    for scores in reversed(history.scores):
        yield from _row(scores, columns, scores is history.best)
    yield "</tbody></table></div>"
    yield f'<p class="note">{count(len(history.scores), "validation")}; the one with the best weights is bold.</p>'


def in_words(scores: Scores) -> str:
    """``vcip2020 PSNR 22.10 dB, AE 4.20°; epfl PSNR ...`` as HTML."""
    found: dict[str, list[str]] = {}
    for name, value in scores.values.items():
        folder, _, key = name.rpartition("/")
        found.setdefault(folder, []).append(_told(key, value))
    return "; ".join(f"{esc(folder)} {', '.join(values)}" for folder, values in found.items())


def _told(key: str, value: float) -> str:
    metric = metric_named(key)
    return f"{esc(metric.title)} {with_unit(metric, value)}" if metric else f"{esc(key)} {number(value, 4)}"


def _row(scores: Scores, columns: dict[str, list[str]], best: bool) -> Iterator[str]:
    yield f'<tr{" class=winner" if best else ""}><th scope="row" class="name">{scores.step:,}{" best" * best}</th>'
    for key, folders in columns.items():
        metric = metric_named(key)
        decimals = metric.decimals if metric else 4
        values = (number(scores.values.get(f"{folder}/{key}"), decimals) for folder in folders)
        yield "".join(_cell("td", i, value) for i, value in enumerate(values))
    yield "</tr>"


def _head(key: str) -> str:
    metric = metric_named(key)
    return heading(metric) if metric else esc(key)


def _cell(tag: str, index: int, content: str) -> str:
    return f"<{tag}{'' if index else ' class=first'}>{content}</{tag}>"


def duration(seconds: float) -> str:
    """``12 s``, ``3 min 20 s``, ``5 h 02 min``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}{NO_BREAK}h {minutes:02}{NO_BREAK}min"
    return f"{minutes}{NO_BREAK}min {rest:02}{NO_BREAK}s" if minutes else f"{rest}{NO_BREAK}s"


def entries(about: Mapping[str, object]) -> str:
    """Plain values in one list; every table in it in a list of its own, folded if it is long, as a whole recipe is."""
    plain = {key: value for key, value in about.items() if not isinstance(value, Mapping)}
    tables = (_folded(str(key), dict(_flat(value))) for key, value in about.items() if isinstance(value, Mapping))
    return _list(dict(_flat(plain))) + "".join(tables)


def _folded(title: str, values: Mapping[str, str]) -> str:
    unfolded = " open" if len(values) <= _FEW else ""
    return f"<details{unfolded}><summary>{esc(title)}</summary>{_list(values)}</details>"


def file_list(run: Path) -> str:
    """A link to each file that is there, weights first."""
    weights = sorted(path.name for path in run.glob("*.safetensors") if path.name not in _FILES)
    names = [name for name in (*_FILES, *weights) if (run / name).exists()]
    rows = "".join(_file(run / name) for name in names)
    return f'<table class="numbers files"><tbody>{rows}</tbody></table>'


def _file(path: Path) -> str:
    link = f'<a href="{quote(os.fsencode(path.name))}{"/" if path.is_dir() else ""}">{esc(path.name)}</a>'
    size = "" if path.is_dir() else _size(path.stat().st_size)
    words = _FILES.get(path.name, "")
    return f'<tr><th scope="row" class="name">{link}</th><td>{size}</td><td class="name">{words}</td></tr>'


def _size(amount: float) -> str:
    for unit in _UNITS[:-1]:
        if amount < 1000:
            return f"{amount:.3g}{NO_BREAK}{unit}"
        amount /= 1000
    return f"{amount:.3g}{NO_BREAK}{_UNITS[-1]}"


def _list(values: Mapping[str, str]) -> str:
    items = "".join(f"<div><dt>{esc(key)}</dt><dd>{esc(value)}</dd></div>" for key, value in values.items())
    return f'<dl class="entries plain">{items}</dl>'


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """``optim.rate``, ``sources.0.folder``: nested tables and lists of tables as dotted names."""
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
