"""What a weights file says of its training, as Markdown: pairs, scores, recipe. What it does not say is said, too.

The metadata may be anybody's: whatever has another form than that of ``run_export`` is passed over.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nircolor.evaluation.metrics import METRICS
from nircolor.wording import command_line, one_line

_SETTINGS = ("steps", "epochs", "batch", "rate", "precision")
_LONGEST = 200  # characters of a value


def histories(meta: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Of each run that the weights are made of: what it is called (nothing, where there is one), and what is known."""
    for key, word in (("members", "member"), ("average_of", "run")):
        if rows := _rows(meta.get(key)):
            return [(f"{word} {number}", row) for number, row in enumerate(rows, 1)]
    return [("", meta)]


def data_lines(meta: Mapping[str, Any]) -> Iterator[str]:
    """Tables of what was trained on and what was validated on, each pair of folder and split once."""
    found = [_dict(history.get("data")) for _, history in histories(meta)]
    for key, title in (("sources", "Trained on"), ("validation", "Validated on, never trained on")):
        rows = [(row.get("folder"), row.get("split"), row.get("pairs"), row.get("scenes")) for row in _all(found, key)]
        if rows:
            yield from (f"{title}:", "", *table(("data", "split", "pairs", "scenes"), rows), "")
        elif key == "sources":
            yield from ("What they were trained on is not in the file. Ask who made them before you rely on them.", "")
    starts = {str(_dict(history.get("recipe")).get("start_from") or "") for _, history in histories(meta)} - {""}
    for start in sorted(starts):
        yield from (f"The training went on from the weights `{code(_last(start))}`.", "")


def score_lines(meta: Mapping[str, Any], name: str) -> Iterator[str]:
    """A table of scores by set and protocol; ``name``: of the weights, for the command that makes missing ones."""
    rows, before = [], []
    for of, history in histories(meta):
        metrics = _dict(history.get("metrics"))
        for folder, scores in _dict(metrics.get("scores")).items():
            rows.append((of, folder, metrics.get("protocol"), _numbers(scores)))
        changed = metrics.get("measured_before")
        before += changed if isinstance(changed, list) else []
    if not any(scores for *_, scores in rows):
        yield from ("Nobody has measured these weights yet: the run that they come from was not validated.", "")
        yield from ("To get scores, on a folder of pairs of your own:", "")
        line = f"nircolor evaluate PAIRS `weights={name}` `protocol=srgb8` `report=scores.html`"
        yield from fenced("sh", command_line(line))
        return
    yield from _score_table(rows)
    if any(of for of, *_ in rows):
        yield from ("These are the scores of the runs one by one; what they make together was not measured.", "")
    if before:
        changes = ", ".join(sorted({cell(change) for change in before}))
        yield from (f"Measured before this was changed: {changes}.", "")


def scored_sets(meta: Mapping[str, Any]) -> list[tuple[str, dict[str, float]]]:
    """Scores by set, for the metadata of the card: only of weights that were measured as they are."""
    metrics = _dict(meta.get("metrics"))
    if "measured_before" in metrics:
        return []
    return [(cell(folder), _numbers(scores)) for folder, scores in _dict(metrics.get("scores")).items()]


def recipe_lines(meta: Mapping[str, Any]) -> Iterator[str]:
    """One line for each run: recipe, steps, and what decides most."""
    for of, history in histories(meta):
        recipe = _dict(history.get("recipe"))
        optim, size = _dict(recipe.get("optim")), _dict(recipe.get("augment")).get("size")
        known = [f"{key} {cell(optim[key])}" for key in _SETTINGS if optim.get(key)]
        known += [f"views of {cell(size)} pixels"] if size else []
        step = history.get("step")
        words = [f"step {cell(step)}" if step is not None else "", *known]
        text = ", ".join(word for word in words if word) or "not in the file"
        preset = f" `{code(recipe['preset'])}`" if recipe.get("preset") else ""
        yield f"- {of or 'recipe'}{preset}: {text}"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table; nothing that stands in a cell can end it."""
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cell(value) for value in line) + " |" for line in lines]


def cell(value: object) -> str:
    """A value on one line that is no Markdown and no HTML."""
    text = one_line(_text(value))[:_LONGEST]
    return re.sub(r"([\\`*_\[\]|<>])", r"\\\1", text)


def code(value: object) -> str:
    """The same, to stand between backticks."""
    return one_line(_text(value))[:_LONGEST].replace("`", "'")


def fenced(language: str, *lines: str) -> list[str]:
    return [f"```{language}", *lines, "```", ""]


def _score_table(rows: Sequence[tuple[str, str, object, dict[str, float]]]) -> Iterator[str]:
    known = {metric.key: (f"{metric.title} {metric.unit}".strip(), metric.decimals) for metric in METRICS}
    keys = sorted({key for *_, scores in rows for key in scores}, key=lambda key: ([*known, key].index(key), key))
    several = any(of for of, *_ in rows)
    heads = [*(["of"] if several else []), "set", "protocol", *(known.get(key, (key, 4))[0] for key in keys)]
    lines = []
    for of, folder, protocol, scores in rows:
        values = [f"{scores[key]:.{known.get(key, (key, 4))[1]}f}" if key in scores else "" for key in keys]
        lines.append([*([of] if several else []), folder, protocol, *values])
    yield from (*table(heads, lines), "")
    yield from ("Means over the pictures of each set, as `nircolor evaluate` measures them.", "")


def _all(found: Iterable[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    """The rows of a list in each of them, without repetition."""
    rows = [row for data in found for row in _rows(data.get(key))]
    return [row for number, row in enumerate(rows) if row not in rows[:number]]


def _numbers(scores: object) -> dict[str, float]:
    pairs = _dict(scores).items()
    return {key: float(v) for key, v in pairs if isinstance(v, int | float) and math.isfinite(v)}


def _last(path: str) -> str:
    """A file of somebody's machine, without the folders that it lies in there; other names as they are."""
    return path if path.startswith("hf://") else re.split(r"[/\\]", path)[-1]


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
