"""The page as a whole, written piece by piece: memory does not grow with the number of pictures on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nircolor.evaluation.report.charts import charts
from nircolor.evaluation.report.gallery import gallery
from nircolor.evaluation.report.heading import heading
from nircolor.evaluation.report.strips import StripStore
from nircolor.evaluation.report.tables import tables, worst_first
from nircolor.evaluation.results import Results
from nircolor.evaluation.summary import worst
from nircolor.pages.page import page, write_page


def write_report(path: Path, results: Results, strips: StripStore, *, overwrite: bool = False, most: int = 60) -> None:
    """Write one HTML file that needs nothing but a browser: no network, no other file.

    At most ``most`` pictures are shown, the worst by the first metric of the first method; the numbers of all are in
    the page. Raises OutputExistsError where ``path`` exists and ``overwrite`` is not set, OutputError where it cannot
    be written; nothing partial is left behind.
    """
    write_page(path, _page(results, strips, most), overwrite)


def _page(results: Results, strips: StripStore, most: int) -> Iterator[str]:
    pictures = worst_first(results)
    kept = ((picture, strips.find(picture.id)) for picture in pictures)
    shown = [(picture, strip) for picture, strip in kept if strip is not None][: max(most, 0)]
    return page(
        "evaluation/report/page.html.j2",
        f"{results.dataset}, {results.protocol.name}",
        script="evaluation/report/page.js",
        results=results,
        pictures=pictures,
        shown=shown,
        anchors={picture.id: f"strip-{index}" for index, (picture, _) in enumerate(shown)},
        charts=charts(results),
        worst=worst,
        **heading(results, pictures),
        **tables(results),
        **gallery(results, shown, len(pictures)),
    )
