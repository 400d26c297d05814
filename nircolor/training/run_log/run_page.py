"""``run.html``: one page that says what was run, how far it came, how good it is, and shows it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nircolor.files import atomic_file
from nircolor.pages.lines import swatch
from nircolor.pages.page import head, static
from nircolor.pages.text import count, heading
from nircolor.pages.thumbnails import encode
from nircolor.training.events import Pixels, ValidationPicture
from nircolor.training.run_log.contact import HEADINGS
from nircolor.training.run_log.curves import loss_chart, metric_named, plain_chart, score_chart
from nircolor.training.run_log.records import History
from nircolor.training.run_log.run_tables import duration, entries, file_list, in_words, score_table
from nircolor.written import esc

_SECTIONS = {"scores": "Scores", "pictures": "Pictures", "losses": "Losses", "run": "What was run", "files": "Files"}
_LOSSES = "Unweighted terms by step: means of some steps, faint, and their moving average."


@dataclass(frozen=True)
class Story:
    """Everything that the page tells."""

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


def write_page(path: Path, story: Story) -> None:
    """One file that needs nothing but a browser. Raises OutputError where it cannot be written."""
    with atomic_file(path, overwrite=True) as stream:
        for piece in page(story):
            stream.write(piece.encode("utf-8"))


def page(story: Story) -> Iterator[str]:
    """The HTML, piece by piece."""
    yield from _head(story)
    yield "<main>"
    yield from _state(story)
    yield from _scores(story.history)
    yield from _pictures(story.pictures)
    yield from _losses(story.history)
    yield f'<section id="run"><h2>What was run</h2>{entries(story.about)}</section>'
    yield f'<section id="files"><h2>Files</h2>{file_list(story.run)}</section>'
    yield "</main></body></html>\n"


def _head(story: Story) -> Iterator[str]:
    name = esc(story.run.resolve().name)
    style = static("nircolor.training.run_log", "run.css")
    yield from head(f"{story.run.resolve().name}, step {story.step}", style)
    facts = ("training run", f"step {story.step:,} of {story.steps:,}", duration(story.seconds))
    links = (f'<li><a href="#{key}">{title}</a></li>' for key, title in _SECTIONS.items())
    yield f'<header><h1>{name}</h1><ul class="facts">{"".join(f"<li>{fact}</li>" for fact in facts)}</ul>'
    yield f'<nav aria-label="Sections"><ul class="facts">{"".join(links)}</ul></nav></header>'


def _state(story: Story) -> Iterator[str]:
    """The box: how it ended, the best weights, how long it took."""
    done = "Finished" if story.step >= story.steps else "Ended early"
    yield '<section class="protocol" aria-label="State">'
    yield f"<p><strong>{esc(story.end) or done}</strong> at step {story.step:,} of {story.steps:,}.</p>"
    if story.history.best:
        best = story.history.best
        yield f"<p>Best at step {best.step:,}: {in_words(best)}.</p>"
    began = f" from step {story.begin:,} on" if story.begin else ""
    yield f"<p>This process took {duration(story.seconds)}{began}.</p></section>"


def _scores(history: History) -> Iterator[str]:
    panels = history.panels()
    yield '<section id="scores"><h2>Scores</h2>'
    if not panels:
        yield "<p>Nothing was validated yet.</p></section>"
        return
    folders = list(dict.fromkeys(folder for lines in panels.values() for folder in lines))
    yield "<p>Of the averaged weights, means over each validation set.</p>"
    yield f'<ul class="legend">{"".join(f"<li>{swatch(i)} {esc(f)}</li>" for i, f in enumerate(folders))}</ul>'
    yield '<div class="charts">'
    for key, lines in panels.items():
        metric = metric_named(key)
        complete = {folder: lines.get(folder, []) for folder in folders}
        chart = score_chart(metric.title if metric else key, complete, history.best.step if history.best else None)
        yield _figure(heading(metric) if metric else esc(key), chart)
    yield "</div>"
    yield from score_table(history)
    yield "</section>"


def _losses(history: History) -> Iterator[str]:
    yield '<section id="losses"><h2>Losses</h2>'
    terms = history.terms()
    yield f"<p>{_LOSSES if terms else 'Nothing was told yet.'}</p>"
    yield '<div class="charts">'
    yield from (_figure(esc(title), loss_chart(title, points)) for title, points in terms.items())
    yield from (_figure(esc(title), plain_chart(title, points)) for title, points in history.machine().items())
    yield "</div></section>"


def _figure(caption: str, chart: str) -> str:
    return f'<figure class="chart"><figcaption>{caption}</figcaption>{chart}</figure>'


def _pictures(pictures: Sequence[ValidationPicture]) -> Iterator[str]:
    yield '<section id="pictures"><h2>Pictures</h2>'
    if not pictures:
        yield "<p>This process validated nothing; those of earlier ones are in the folder pictures.</p></section>"
        return
    yield f"<p>The newest validation of {count(len(pictures), 'pair')}, at most 256 pixels a side.</p>"
    yield '<div class="trios">'
    for picture in pictures:
        yield f'<article class="strip"><header><h3>{esc(picture.id)}</h3></header><div class="three">'
        for heading_, pixels in zip(HEADINGS, (picture.nir, picture.prediction, picture.truth), strict=True):
            yield _cell(pixels, heading_, f"{heading_} of {esc(picture.id)}")
        yield "</div></article>"
    yield "</div></section>"


def _cell(pixels: Pixels, caption: str, alt: str) -> str:
    height, width = pixels.shape[:2]
    data = base64.b64encode(encode(pixels)).decode("ascii")
    image = f'<img width="{width}" height="{height}" alt="{alt}" src="data:image/jpeg;base64,{data}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"
