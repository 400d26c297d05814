"""The model card: what stands on the page of weights on the Hub, written from what the file of the weights says.

Front matter by which the Hub finds and files the model (``library_name``, tags, licence, scores), and a page for
people.
The last line says what the card was when it was written, so that a card that somebody has edited since is known.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nircolor.hub import HubRef
from nircolor.publishing.history import cell, code, data_lines, fenced, recipe_lines, score_lines, scored_sets
from nircolor.wording import command_line

LIBRARY = "nircolor"
CARD_FILE = "README.md"
TAGS = ("nircolor", "near-infrared", "infrared", "nir-to-rgb", "colorization")

# Of the Hub's list, those that weights have.
# fmt: off
_LICENCES = frozenset((
    "apache-2.0", "mit", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0",
    "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0",
    "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "bsd-2-clause", "bsd-3-clause", "gpl-2.0", "gpl-3.0",
    "agpl-3.0", "lgpl-3.0", "mpl-2.0", "isc", "unlicense", "openrail",
))
# fmt: on
_MARK = re.compile(r"\n<!-- nircolor wrote this card: ([0-9a-f]{16}) -->\s*\Z")
_FRONT = re.compile(r"\A---\r?\n.*?\n---\r?\n", re.S)


@dataclass(frozen=True)
class Subject:
    """What the card is about. ``meta``: of the weights file. ``place``: its repository, branch and name there.
    ``parameters``: of the network. ``bytes`` and ``sha256``: of the file. ``pictures``: their names in the repository.
    """

    place: HubRef
    meta: Mapping[str, Any]
    parameters: int
    bytes: int
    sha256: str
    pictures: Sequence[str] = ()


def write_card(subject: Subject) -> str:
    """The whole card, front matter included."""
    page = "\n".join(_page(subject)).rstrip() + "\n"
    return f"---\n{_front_matter(subject)}\n---\n{page}\n<!-- nircolor wrote this card: {_sum(page)} -->\n"


def own_card(text: str) -> bool:
    """Whether nothing is lost when another card takes the place of ``text``: it is as it was written here, or has
    nothing but front matter, which the Hub itself writes."""
    page = _FRONT.sub("", text.replace("\r\n", "\n"))
    mark = _MARK.search(page)
    return not page.strip() or (mark is not None and mark[1] == _sum(page[: mark.start()]))


def _sum(page: str) -> str:
    return hashlib.sha256(page.strip().encode()).hexdigest()[:16]


def _front_matter(subject: Subject) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    scores = [
        EvalResult(
            task_type="image-to-image",
            dataset_type=re.sub(r"[^\w.-]+", "-", folder),
            dataset_name=folder,
            metric_type=metric,
            metric_value=round(value, 4),
            metric_name=f"{metric}, protocol {cell(_protocol(subject.meta))}",
        )
        for folder, values in scored_sets(subject.meta)
        for metric, value in values.items()
    ]
    known: dict[str, Any] = {"library_name": LIBRARY, "pipeline_tag": "image-to-image", "tags": list(TAGS)}
    known |= {"model_name": subject.place.repo.partition("/")[2], "eval_results": scores} if scores else {}
    return ModelCardData(**_licence(subject.meta), **known).to_yaml()


def _licence(meta: Mapping[str, Any]) -> dict[str, Any]:
    """For the front matter: the Hub refuses a licence that is not of its list, but for ``other`` with a name."""
    text = _line(meta, "license")
    if not text:
        return {}
    name = re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")
    return {"license": name} if name in _LICENCES else {"license": "other", "license_name": name[:60] or "see-card"}


def _page(subject: Subject) -> Iterator[str]:
    meta, name = subject.meta, str(subject.place)
    yield from ("", f"# {subject.place.repo.partition('/')[2]}", "")
    if text := _line(meta, "description"):
        yield from (cell(text), "")
    network = code(meta["config"]["name"])
    yield f"Weights for nircolor, which turns near-infrared photographs into natural RGB ones. Network: `{network}`."
    yield ""
    yield from _pictures(subject.pictures)
    yield from ("## Use", "")
    line = command_line(f"nircolor colorize photo_nir.tif `weights={_short(subject.place)}`")
    yield from fenced("sh", "pip install nircolor", line)
    yield from fenced("python", *_program(subject.place))
    yield from ("## Scores", "", *score_lines(meta, _short(subject.place)))
    yield from ("## Data", "", *data_lines(meta))
    yield from ("## Terms", "", *_terms(meta))
    yield from ("## How they were made", "", *recipe_lines(meta), *_camera(meta))
    kind = f"{subject.parameters:,} parameters, {subject.bytes / 1e6:.1f} MB"
    yield f"- file `{code(subject.place.file)}`: {kind}, SHA-256 `{subject.sha256}`"
    yield from ("- configuration, whole recipe and a checksum are in the file:", "")
    yield from fenced("sh", f"nircolor weights verify {name}")
    yield from ("## Limits", "")
    yield "Near-infrared light does not say which colour a thing has: colours are a guess by what it looks like. Paint,"
    yield "clothes, flowers and signs come out grey or in another colour. Do not take these pictures for evidence."


def _program(place: HubRef) -> Iterator[str]:
    revision = "" if place.revision is None else f', revision="{place.revision}"'
    yield "import nircolor"
    yield ""
    yield f'colorizer = nircolor.Colorizer.from_pretrained("{place.repo}"{revision})'
    yield 'picture = nircolor.read_nir("photo_nir.tif")'
    yield 'nircolor.write_rgb("photo_rgb.tif", colorizer.colorize(picture.pixels), picture.info)'


def _pictures(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield from (f"![near-infrared, what these weights make of it, and the true colours]({name})", "")
    if names:
        yield "Left near-infrared, in the middle what these weights make of it, right the true colours. The scenes are"
        yield from ("rendered by nircolor, not photographed: they show that it works, not how well.", "")


def _terms(meta: Mapping[str, Any]) -> Iterator[str]:
    if text := _line(meta, "license"):
        yield from (cell(text), "")
    else:
        yield "None are stated: ask who made these weights before you use them or pass them on."
        yield ""


def _camera(meta: Mapping[str, Any]) -> Iterator[str]:
    camera = meta.get("camera")
    if isinstance(camera, dict):
        pairs, scenes = cell(camera.get("pairs")), cell(camera.get("scenes"))
        yield f"- calibrated for one camera, with {pairs} pairs of {scenes} scenes: scores above are those from before"


def _short(place: HubRef) -> str:
    """Its name without that of the file, which the repository's own name stands for."""
    return str(HubRef(place.repo, place.revision))


def _line(meta: Mapping[str, Any], key: str) -> str:
    value = meta.get(key)
    return " ".join(value.split()) if isinstance(value, str) else ""


def _protocol(meta: Mapping[str, Any]) -> object:
    metrics = meta.get("metrics")
    return metrics.get("protocol") if isinstance(metrics, dict) else None
