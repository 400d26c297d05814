"""The pages of a file, listed once, so that each can be read without looking for it: all of them in linear time."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nircolor.errors import InputError
from nircolor.image.formats import sniff
from nircolor.image.source import open_source
from nircolor.image.tiff.pages import Contents, TiffPicture, contents


@dataclass(frozen=True)
class Page:
    """A page of a TIFF file, for ``read_nir``: what is known of the file from listing its pages goes with it."""

    number: int
    """From 1."""
    contents: Contents = field(repr=False)

    @property
    def picture(self) -> TiffPicture:
        """Where it lies."""
        return self.contents.pages[self.number - 1]


@dataclass(frozen=True)
class PageList:
    """All pages of a file, in order; overviews, previews and masks are none."""

    pages: tuple[Page, ...]
    notes: tuple[str, ...]
    """What the user should know about the file as a whole; reading a listed page does not repeat it."""
    stored: int
    """Bytes of the file."""

    @property
    def pixels(self) -> int:
        """Of all pages together."""
        return sum(page.picture.pixels for page in self.pages)


def list_pages(source: str | Path | bytes) -> PageList | None:
    """The pages of a TIFF file; None for any other, which is one picture, or none, as reading it will tell.

    Only directories are read. Raises ``InputError`` where not all pages that the file should have are there, or none.
    """
    place = b"" if isinstance(source, bytes) else source
    try:
        with open_source(source) as stream:
            if sniff(stream.read(16)) != "TIFF":
                return None
            found, stored = contents(stream), stream.seek(0, 2)
        found.check_whole()
    except InputError as error:
        raise error.at(place) from error.__cause__
    except (OSError, ValueError) as error:
        raise InputError(f"is damaged ({error})", path=place, remedy="get a fresh copy") from error
    pages = tuple(Page(number, found) for number in range(1, len(found.pages) + 1))
    return PageList(pages, tuple(found.remarks()), stored)
