"""Which pictures a TIFF file holds: its pages, and what is stored beneath them.

tifffile follows links for as long as there are any. Here each directory is visited once, whatever points to it, all of
them together take no more bytes than the file has, and there is an end to how many are looked at.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import BinaryIO

from nircolor.errors import InputError, PagesInputError, UndevelopedInputError
from nircolor.image.tiff import ifd
from nircolor.image.tiff.stacks import Stack, stack

MAX_PAGES = 1 << 16
"""Most directories that are looked at, pages and all that is beneath them."""

_SUBFILE, _OLD_SUBFILE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _DNG = 254, 255, 256, 257, 258, 262, 50706
_WANTED = (_SUBFILE, _OLD_SUBFILE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, ifd.SUB_IFDS, _DNG)
_REDUCED, _MASK, _DEPTH = 1, 4, 8  # bits of NewSubfileType
_RAW = (32803, 34892)  # photometric: colour filter array, linear raw


@dataclass(frozen=True)
class TiffPicture:
    """One directory: where it lies, what it says about itself, and where those beneath it lie."""

    offset: int
    width: int
    height: int
    kind: int
    """NewSubfileType: bits for reduced, mask, depth map; 0 = a picture in full resolution."""
    raw: bool
    """True where the samples are those of a camera's sensor, not yet a picture."""
    links: tuple[int, ...] = ()
    bits: int = 1
    """Of a sample."""
    shift: int = 0
    """How many bytes behind the place that the directory names the samples lie: the pictures of a stack share one."""

    @property
    def is_full(self) -> bool:
        """True for what is neither an overview nor a mask."""
        return not self.kind & (_REDUCED | _MASK | _DEPTH)

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


@dataclass(frozen=True)
class Contents:
    """What a file holds. Of a page and what is stored beneath it only the largest count: the others are previews."""

    groups: tuple[tuple[TiffPicture, ...], ...]
    """Each page with all that is beneath it, the page itself first."""
    is_dng: bool = False
    broken: str | None = None
    """Why the list of pages ends too early."""
    notes: tuple[str, ...] = ()
    """What the user should know about the file as a whole."""

    @cached_property
    def pages(self) -> tuple[TiffPicture, ...]:
        """The pictures that can be chosen, in order."""
        return tuple(picture for group in self.groups for picture in _largest(group))

    def choose(self, number: int | None) -> TiffPicture:
        """Page ``number`` (from 1). Raises ``InputError`` where it is not obvious, not there, or not yet a picture."""
        count = len(self.pages)
        self._check_some()
        if number is None:
            self._check_developed(max(self.pages, key=lambda picture: picture.pixels))
            self.check_whole()
            if count > 1:
                raise PagesInputError(f"has {count} pages", remedy=f"choose one with {self._choice}")
        elif not 1 <= number <= count:
            raise InputError(f"has {count} page(s), not {number}", remedy=f"choose one with {self._choice}")
        return self._check_developed(self.pages[(number or 1) - 1])

    def check_whole(self) -> None:
        """Raise ``InputError`` where not all pages that the file should have are there to be chosen."""
        self._check_some()
        if self.broken:
            remedy = f"get a fresh copy, or choose one of those that are there with {self._choice}"
            raise InputError(self.broken, remedy=remedy)

    def _check_some(self) -> None:
        if not self.pages:
            raise InputError("holds overviews or masks only", remedy="give the file that they were made for")

    @property
    def _choice(self) -> str:
        return f"`page=1` to {len(self.pages)}" if len(self.pages) > 1 else "`page=1`"

    def _check_developed(self, picture: TiffPicture) -> TiffPicture:
        if picture.raw:
            raise UndevelopedInputError(f"is camera raw{' (DNG)' if self.is_dng else ''}")
        return picture

    def places(self, chosen: TiffPicture) -> tuple[int, ...]:
        """Offsets of the directories that describe the choice, its own first: a page does so for what is beneath it."""
        return tuple(dict.fromkeys((chosen.offset, self._page_of[chosen].offset)))

    @cached_property
    def _page_of(self) -> dict[TiffPicture, TiffPicture]:
        return {picture: group[0] for group in self.groups for picture in group}

    def remarks(self) -> list[str]:
        """What the user should know about the file, whichever page is chosen."""
        broken = [f"{self.broken}: others may be lost"] if self.broken else []
        return [*self.notes, *broken]

    def remarks_on(self, chosen: TiffPicture) -> list[str]:
        """What the user should know about the choice."""
        preview = self._page_of[chosen]
        if preview is chosen or not preview.is_full:
            return []
        return [
            f"its page of {preview.width} x {preview.height} pixels is a preview of the picture beneath it, "
            f"of {chosen.width} x {chosen.height}, which was read"
        ]


def _largest(group: tuple[TiffPicture, ...]) -> list[TiffPicture]:
    full = [picture for picture in group if picture.is_full]
    most = max((picture.pixels for picture in full), default=0)
    return [picture for picture in full if picture.pixels == most]


def contents(stream: BinaryIO) -> Contents:
    """Look through the directories of a TIFF file.

    Raises ``InputError`` where there is no first page, or no end of them. Links that lead nowhere become notes.
    """
    walk = _Walk(stream)
    pages, error = walk.chain(walk.first)
    reason = "is truncated" if isinstance(error, ifd.CutOffError) else "is damaged"
    if not pages:
        raise InputError(f"{reason}: it has no first page ({error or 'no link'})", remedy="get a fresh copy")
    broken = f"{reason}: the list of its pages breaks off after page {len(pages)}" if error else None
    promised = stack(stream, pages[0].offset)
    pages = _with_those_behind(pages, promised)
    if promised.count > len(pages) and not broken:
        broken = f"says that it holds {promised.count} pictures, but lists {len(pages)}"
    notes = ["the list of its pages runs in a circle: each of them counts once"] if walk.circular else []
    groups = tuple((page, *walk.beneath(page)) for page in pages)
    if walk.lost:
        notes.append("some of what is stored beneath its pages cannot be read")
    return Contents(groups, walk.is_dng, broken, (*notes, *promised.notes))


def _with_those_behind(pages: list[TiffPicture], promised: Stack) -> list[TiffPicture]:
    """``pages``, and the pictures of a stack behind a single one, each as a page of its own."""
    if len(pages) > 1 or promised.step is None or promised.count > MAX_PAGES:
        return pages
    behind = (replace(pages[0], shift=number * promised.step, links=()) for number in range(1, promised.count))
    return [*pages, *behind]


@dataclass
class _Walk:
    stream: BinaryIO
    first: int = 0
    is_dng: bool = False
    circular: bool = False
    lost: bool = False
    _seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._left = self.stream.seek(0, 2)  # bytes that directories may still take
        self._layout, self.first = ifd.read_header(self.stream)

    def chain(self, offset: int) -> tuple[list[TiffPicture], ValueError | None]:
        """The directory at ``offset`` and those after it; the error that ends them, if it is one."""
        found: list[TiffPicture] = []
        while offset:
            if offset in self._seen:
                self.circular = True
                break
            if len(self._seen) >= MAX_PAGES:
                raise InputError(f"has more than {MAX_PAGES} pages", remedy="split it first")
            self._seen.add(offset)
            try:
                picture, offset = self._directory(offset)
            except ValueError as error:
                return found, error
            found.append(picture)
        return found, None

    def beneath(self, page: TiffPicture) -> list[TiffPicture]:
        """All that the sub-page links of ``page`` lead to, and the links of those."""
        found: list[TiffPicture] = []
        waiting = deque(page.links)
        while waiting:
            parts, error = self.chain(waiting.popleft())
            self.lost = self.lost or error is not None
            found += parts
            waiting.extend(link for part in parts for link in part.links)
        return found

    def _directory(self, offset: int) -> tuple[TiffPicture, int]:
        entries, link = ifd.read_ifd(self.stream, offset, self._layout, _WANTED)
        values = {entry.tag: entry.numbers() for entry in reversed(entries)}  # of two with one number the first counts
        outside = (len(entry.data) for entry in entries if not offset < entry.position < link)
        self._left -= link - offset + sum(outside)
        if self._left < 0:
            raise ValueError("directories overlap")
        self.is_dng = self.is_dng or _DNG in values
        first = {tag: int(numbers[0]) for tag, numbers in values.items() if numbers}
        if not first.get(_WIDTH) or not first.get(_HEIGHT):
            raise ValueError("a directory without a picture")
        kind = first.get(_SUBFILE, 0) or (_REDUCED if first.get(_OLD_SUBFILE) == 2 else 0)
        links = tuple(int(number) for number in values.get(ifd.SUB_IFDS, ()))
        raw, bits = first.get(_PHOTOMETRIC) in _RAW, max(map(int, values.get(_BITS, ())), default=1)
        picture = TiffPicture(offset, first[_WIDTH], first[_HEIGHT], kind, raw, links, bits)
        return picture, ifd.follow(self.stream, link, self._layout)
