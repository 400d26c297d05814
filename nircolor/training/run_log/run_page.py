"""``run.html``: one page that says what was run, how far it came, how good it is, and shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from nircolor.pages import page as pages
from nircolor.pages.text import heading
from nircolor.pages.thumbnails import data_uri, encode
from nircolor.training.events import Pixels, ValidationPicture
from nircolor.training.run_log.contact import HEADINGS
from nircolor.training.run_log.curves import Curve, loss_curve, metric_named, plain_curve, score_curve
from nircolor.training.run_log.records import History
from nircolor.training.run_log.run_tables import duration, files_of, flat, in_words, score_table

_FOLDER = "training/run_log"


@dataclass(frozen=True)
class Story:
    """Everything that the page says."""

    run: Path
    about: Mapping[str, object]
    history: History
    pictures: Sequence[ValidationPicture]
    """Of the newest validation of this process; empty where it made none."""
    begin: int
    """The step that this process began after."""
    step: int
    steps: int
    seconds: float
    end: str
    """How it ended, in a few words; empty: as it should."""


@dataclass(frozen=True)
class _Cell:
    """A picture in the page."""

    role: str
    width: int
    height: int
    source: Markup


def write_page(path: Path, story: Story) -> None:
    """One file that needs nothing but a browser. Raises OutputError where it cannot be written."""
    pages.write_page(path, page(story), overwrite=True)


def page(story: Story) -> Iterator[str]:
    """The HTML, piece by piece."""
    history, name = story.history, story.run.resolve().name
    return pages.page(
        f"{_FOLDER}/run_page.html.j2",
        f"{name}, step {story.step}",
        styles=(f"{_FOLDER}/run.css",),
        story=story,
        name=name,
        took=duration(story.seconds),
        end=story.end or ("Finished" if story.step >= story.steps else "Ended early"),
        best=in_words(history.best) if history.best else "",
        folders=_folders(history),
        scores=_scores(history),
        table=score_table(history),
        pictures=[(picture.id, _cells(picture)) for picture in story.pictures],
        losses=[(title, loss_curve(title, points)) for title, points in history.terms().items()],
        machine=[(title, plain_curve(title, points)) for title, points in history.machine().items()],
        plain=flat({key: value for key, value in story.about.items() if not isinstance(value, Mapping)}),
        tables=[(key, flat(value)) for key, value in story.about.items() if isinstance(value, Mapping)],
        files=files_of(story.run),
    )


def _folders(history: History) -> list[str]:
    """The validation sets, in the order of the legend."""
    return list(dict.fromkeys(folder for lines in history.panels().values() for folder in lines))


def _scores(history: History) -> Iterator[tuple[str, Curve]]:
    """A chart a metric, with its caption."""
    best = history.best.step if history.best else None
    for key, lines in history.panels().items():
        metric = metric_named(key)
        complete = {folder: lines.get(folder, []) for folder in _folders(history)}
        yield heading(metric) if metric else key, score_curve(metric.title if metric else key, complete, best)


def _cells(picture: ValidationPicture) -> list[_Cell]:
    roles = zip(HEADINGS, (picture.nir, picture.prediction, picture.truth), strict=True)
    return [_cell(role, pixels) for role, pixels in roles]


def _cell(role: str, pixels: Pixels) -> _Cell:
    height, width = pixels.shape[:2]
    return _Cell(role, width, height, data_uri(encode(pixels)))
