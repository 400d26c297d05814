"""All pages of a file, one after the other, into the pages of another: memory is that of one page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from nircolor import picture
from nircolor.errors import ColourInputError, InputError, UsageError
from nircolor.image import ImageInfo, OutputPlan, Page, PageList, losses, plan_output
from nircolor.image.formats import PAGED
from nircolor.image.write_pages import PageWriter, check_pages, open_pages
from nircolor.picture import Reading, Windows, Writing
from nircolor.tiling import Piece
from nircolor.wording import kind_of

Paint = Callable[[Windows], Iterator[Piece]]
"""What ``Colorizer.paint`` does, with the page that was announced last."""

_CHANNELS = 4
_DIRECTORY = 1 << 16  # bytes a page beside its samples: tables of strips, an ICC profile


@dataclass(frozen=True)
class PagesDone:
    """What became of a file with pages. ``width``, ``height`` and ``depth`` are those of the first page; ``pixels``
    are those of all. ``remarks``: what the user should know, one line for each kind, with the pages that it holds for.
    """

    pages: int
    pixels: int
    width: int
    height: int
    depth: int
    remarks: tuple[str, ...]


def check_target(count: int, target: Path | None, writing: Writing) -> OutputPlan:
    """Raise ``UsageError`` where ``target`` (None: a stream) cannot hold ``count`` pages, before any work."""
    if writing.cog and count > 1:
        raise UsageError("has one page only", option="cog", remedy="leave it out, or choose one with `page=1`")
    plan = plan_output(target, ImageInfo(PAGED, "uint8"), format=writing.format)
    check_pages(count, plan.format)
    return plan


@dataclass(frozen=True)
class Pages:
    """The pages of ``content``, and how they are read and written; ``source`` and ``target`` are what remarks call
    the two files.
    """

    content: str | Path | bytes
    listed: PageList
    reading: Reading
    writing: Writing
    source: str
    target: str

    def colorize(
        self,
        place: Path | BinaryIO,
        paint: Paint,
        overwrite: bool,
        announce: Callable[[Page], None],
        finish: Callable[[], None] | None = None,
    ) -> PagesDone:
        """Read, colorize and write each page. Whatever is wrong with one of them ends all of it: nothing is left.

        ``announce`` gets each page before it is opened, ``finish`` is called before the output gets its name, and what
        they raise ends the work, too. Raises what ``open_nir`` and ``write_pieces`` raise; errors of a page begin with
        its number.
        """
        remarks, shapes = _Remarks(), list[tuple[int, int, int]]()
        for note in self.listed.notes:
            remarks.add(self.source, note, None)
        with open_pages(place, self._most(), overwrite) as writer:
            for page in self.listed.pages:
                announce(page)
                with self._named(page):
                    shapes.append(self._page(page, writer, paint, remarks))
            if finish:
                finish()
        return PagesDone(len(shapes), self.listed.pixels, *shapes[0], tuple(remarks.lines()))

    def _page(self, page: Page, writer: PageWriter, paint: Paint, remarks: _Remarks) -> tuple[int, int, int]:
        """Width, height and depth."""
        with picture.opened(self.content, self.reading, page) as image:
            plan = picture.plan(None, image, Writing(self.writing.depth, PAGED))
            alpha = image.alpha if image.has_alpha else None
            writer.add(paint(image), image.shape, image.info, alpha=alpha, depth=plan.depth)
            for warning in image.info.warnings:
                remarks.add(self.source, warning, page.number)
            for loss in losses(plan, image.info, image.has_alpha):
                remarks.add(self.target, loss, page.number)
            height, width = image.shape
        return width, height, plan.depth

    @contextmanager
    def _named(self, page: Page) -> Iterator[None]:
        try:
            yield
        except InputError as error:
            if isinstance(error, ColourInputError) and self.reading.colours == "copy":
                error = error.with_remedy("only whole files are copied: choose `colours=colorize`")
            raise error.within(f"page {page.number}") from error.__cause__

    def _most(self) -> int:
        """Bytes that the output may have: of samples, and of what is copied from the input."""
        depth, pages = self.writing.depth, self.listed.pages
        samples = sum(page.picture.pixels * _CHANNELS * _bytes(depth or page.picture.bits) for page in pages)
        return samples + self.listed.stored + _DIRECTORY * len(pages)


def _bytes(bits: int) -> int:
    """Of a sample in the output: 8, 16 or 32 bits."""
    return 1 if bits <= 8 else 2 if bits <= 16 else 4


@dataclass
class _Remarks:
    """What is said of many pages, once for each kind: as it was said of the first."""

    _kinds: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def add(self, name: str, text: str, number: int | None) -> None:
        """``number`` None: about the whole file called ``name``."""
        said = self._kinds.setdefault((name, kind_of(text)), [text, number, 0])
        said[2] += 1

    def lines(self) -> Iterator[str]:
        for (name, _), (text, first, count) in self._kinds.items():
            more = f" and {count - 1} more" if count > 1 else ""
            yield f"{name}: {text}" if first is None else f"{name}: page {first}{more}: {text}"
