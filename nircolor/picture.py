"""One picture from file to file, but for what colorizes it: the same steps for ``nircolor colorize`` and ``batch``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

import nircolor.image as images
from nircolor.errors import ColourInputError, PagesInputError, UsageError
from nircolor.image import ImageInfo, NirImage, NirWindows, OutputPlan, Page, Stretch
from nircolor.image.bands import Band, parse
from nircolor.image.raster import Damaged
from nircolor.tiling import Piece

HELD = 32_000_000
"""Pixels of the largest picture of a folder that is read as a whole before it is colorized: about 24 bytes each, until
it is written. Larger ones are read and written by windows, and take turns."""

Colours = Literal["refuse", "copy", "grey", "colorize"]
"""What becomes of colour pictures among near-infrared ones: an error, themselves, their luma (in videos only), or
colours made from their luma."""


@dataclass(frozen=True)
class Reading:
    """How a file becomes a near-infrared picture: see ``read_nir``."""

    stretch: Stretch = field(default_factory=Stretch)
    equalize: bool = False
    band: Band | None = None
    """Its number, from 1, or what names it: ``"nir"``, ``"B8"``, ``"842nm"``."""
    page: int | Literal["all"] | None = None
    """A number from 1; ``all`` where every page becomes one of the output (``every_page``)."""
    colours: Colours = "refuse"
    """``read`` refuses colour pictures but with ``colorize``; whoever wants to pass them on catches the error."""
    damaged: Damaged = "refuse"
    """What becomes of tiles and strips of a TIFF that cannot be decoded."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "band", parse(self.band))  # "4" and 4 are the same
        if self.colours != "refuse" and self.band is not None:
            raise UsageError("excludes `colours`", option="band", remedy="leave it out, or both of them")
        if isinstance(self.page, str) and self.page != "all":
            raise UsageError("a page is a number from 1, or all", option="page", value=self.page)


@dataclass(frozen=True)
class Writing:
    """What the output shall be; None: as its input is. See ``plan_output``."""

    depth: int | None = None
    format: str | None = None
    cog: bool = False
    """A Cloud-Optimized GeoTIFF with overviews; needs ``nircolor[geo]``."""


class Windows(Protocol):
    """An upright picture that is taken window by window: see ``open_nir``, or ``Held``."""

    @property
    def shape(self) -> tuple[int, int]: ...

    @property
    def has_alpha(self) -> bool: ...

    @property
    def info(self) -> ImageInfo: ...

    def __getitem__(self, window: tuple[slice, slice], /) -> NDArray[np.float32]: ...

    def alpha(self, rows: slice, columns: slice) -> NDArray[np.float32] | None: ...


@dataclass(frozen=True)
class Held:
    """Windows of a picture in memory."""

    image: NirImage

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.image.pixels.shape
        return height, width

    @property
    def has_alpha(self) -> bool:
        return self.image.alpha is not None

    @property
    def on_map(self) -> bool:
        """See ``NirWindows``."""
        return self.info.geo is not None and self.info.geo.is_placed

    @property
    def info(self) -> ImageInfo:
        return self.image.info

    def __getitem__(self, window: tuple[slice, slice], /) -> NDArray[np.float32]:
        return self.image.pixels[window]

    def alpha(self, rows: slice, columns: slice) -> NDArray[np.float32] | None:
        return None if self.image.alpha is None else self.image.alpha[rows, columns]


@contextmanager
def opened(source: str | Path | bytes, how: Reading, page: Page | None = None) -> Iterator[NirWindows]:
    """The picture, open for reading by windows; ``page``: one of those that ``how`` takes all of.

    Raises what ``open_nir`` raises.
    """
    with ExitStack() as stack:  # what is raised while it is open is not of its opening
        with _advised(all_pages=True):
            image = stack.enter_context(images.open_nir(source, **_options(how, page)))
        yield image


def read(source: str | Path | bytes, how: Reading) -> NirImage:
    """Raises what ``read_nir`` raises."""
    with _advised():
        return images.read_nir(source, **_options(how))


def _options(how: Reading, page: Page | None = None) -> dict[str, Any]:
    return {
        "band": how.band,
        "page": page or (None if how.page == "all" else how.page),
        "stretch": how.stretch,
        "equalize": how.equalize,
        "grey": how.colours == "colorize",
        "damaged": how.damaged,
    }


@contextmanager
def _advised(all_pages: bool = False) -> Iterator[None]:
    """Errors within offer what can be done about them here; ``all_pages``: the caller can take all of them."""
    try:
        yield
    except ColourInputError as error:
        remedy = str(error.remedy).replace("`grey=True`", "`colours=colorize`")  # as it is called in ``Reading``
        raise error.with_remedy(remedy) from error.__cause__
    except PagesInputError as error:
        remedy = f"{error.remedy}, or take all of them with `page=all`" if all_pages else str(error.remedy)
        raise error.with_remedy(remedy) from error.__cause__


def offer_copy(error: ColourInputError) -> ColourInputError:
    """The same error, where there is one more way out."""
    return error.with_remedy(f"{error.remedy}; `colours=copy` passes colour pictures on as they are")


def plan(target: Path | None, image: Windows, how: Writing) -> OutputPlan:
    """Format and depth of the output (``target`` None: a stream). Raises UsageError where they do not fit."""
    return images.plan_output(target, image.info, depth=how.depth, format=how.format, size=image.shape, cog=how.cog)


def remarks(source: str, target: str, image: Windows, plan: OutputPlan) -> Iterator[str]:
    """What the user should know: oddities of the input, and what of it the output cannot hold. One line each."""
    for warning in image.info.warnings:
        yield f"{source}: {warning}"
    for loss in images.losses(plan, image.info, image.has_alpha):
        yield f"{target}: {loss}"


def write(place: Path | BinaryIO, pieces: Iterable[Piece], image: Windows, plan: OutputPlan, overwrite: bool) -> None:
    """Write pieces of (h, w, 3) float32 in [0, 1] while they come, with all that is kept of ``image``.

    Raises what ``write_pieces`` raises, and what ``pieces`` raise.
    """
    images.write_pieces(
        place,
        pieces,
        image.shape,
        image.info,
        alpha=image.alpha if image.has_alpha else None,
        depth=plan.depth,
        format=plan.format,
        overwrite=overwrite,
        cog=plan.cog,
    )
