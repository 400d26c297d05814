"""The page as a whole, written piece by piece: memory does not grow with the number of pictures on it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from importlib.resources import files
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
from nircolor.written import esc


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
    yield from _head(f"{results.dataset}, {results.protocol.name}")
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
    yield f"</main>{footer(results)}{_static('viewer.html')}<script>{_static('page.js')}</script></body></html>\n"


def _shown(pictures: list[Picture], strips: StripStore, most: int) -> list[Shown]:
    kept = ((picture, strips.find(picture.id)) for picture in pictures)
    return [(picture, strip) for picture, strip in kept if strip is not None][: max(most, 0)]


def _head(title: str) -> Iterator[str]:
    style, script = _static("page.css"), _static("page.js")
    # whatever a hostile name might smuggle in, the browser runs only what is hashed here and fetches nothing
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
    yield f"<title>{esc(title)}</title><style>{style}</style></head><body>"


def _static(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
