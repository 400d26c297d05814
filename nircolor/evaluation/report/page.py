"""The page as a whole, written piece by piece: memory does not grow with the number of pictures on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nircolor.evaluation.report.charts import histograms
from nircolor.evaluation.report.colophon import colophon, footer
from nircolor.evaluation.report.gallery import Shown, gallery
from nircolor.evaluation.report.heading import masthead, notes, protocol
from nircolor.evaluation.report.listing import listing
from nircolor.evaluation.report.pictures import Picture, worst_first
from nircolor.evaluation.report.ranking import ranking
from nircolor.evaluation.report.strips import StripStore
from nircolor.evaluation.report.tables import summary_tables
from nircolor.evaluation.results import Results
from nircolor.files import atomic_file
from nircolor.pages.page import head, static


def write_report(path: Path, results: Results, strips: StripStore, *, overwrite: bool = False, most: int = 60) -> None:
    """Write one HTML file that needs nothing but a browser: no network, no other file.

    At most ``most`` pictures are shown, the worst by the first metric of the first method; the numbers of all are in
    the page. Raises OutputExistsError where ``path`` exists and ``overwrite`` is not set, OutputError where it cannot
    be written; nothing partial is left behind.
    """
    with atomic_file(path, overwrite) as stream:
        for piece in page(results, strips, most):
            stream.write(piece.encode("utf-8"))


def page(results: Results, strips: StripStore, most: int) -> Iterator[str]:
    """The HTML, a strip at a time at most."""
    pictures = worst_first(results)
    shown = _shown(pictures, strips, most)
    anchors = {picture.id: f"strip-{index}" for index, (picture, _) in enumerate(shown)}
    script = _static("page.js")
    yield from head(f"{results.dataset}, {results.protocol.name}", script=script)
    yield from masthead(results, pictures)
    yield "<main>"
    yield from protocol(results, pictures)
    yield from notes(results)
    yield from summary_tables(results)
    yield from histograms(results)
    yield from ranking(results, anchors)
    yield from gallery(results, shown, len(pictures))
    yield from listing(results, pictures, anchors)
    yield from colophon(results, len(pictures))
    yield f"</main>{footer(results)}{_static('viewer.html')}<script>{script}</script></body></html>\n"


def _shown(pictures: list[Picture], strips: StripStore, most: int) -> list[Shown]:
    kept = ((picture, strips.find(picture.id)) for picture in pictures)
    return [(picture, strip) for picture, strip in kept if strip is not None][: max(most, 0)]


def _static(name: str) -> str:
    return static("nircolor.evaluation.report", name)
