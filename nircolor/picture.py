"""One picture from file to file, but for what colorizes it: the same steps for ``nircolor colorize`` and ``batch``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from numpy.typing import NDArray

import nircolor.image as images
from nircolor.errors import ColourInputError, PagesInputError, UsageError
from nircolor.image import NirImage, OutputPlan, Page, Stretch
from nircolor.image.raster import Damaged

Colours = Literal["refuse", "copy", "colorize"]
"""What becomes of colour pictures among near-infrared ones: an error, themselves, or colours made from their luma."""


@dataclass(frozen=True)
class Reading:
    """How a file becomes a near-infrared picture: see ``read_nir``."""

    stretch: Stretch = field(default_factory=Stretch)
    equalize: bool = False
    band: int | None = None
    page: int | Literal["all"] | None = None
    """A number from 1; ``all`` where every page becomes one of the output (``every_page``)."""
    colours: Colours = "refuse"
    """``read`` refuses colour pictures but with ``colorize``; whoever wants to ``copy`` them catches the error."""
    damaged: Damaged = "refuse"

    def __post_init__(self) -> None:
        if self.colours != "refuse" and self.band is not None:
            raise UsageError("excludes `colours`", option="band", remedy="leave it out, or both of them")
        if isinstance(self.page, str) and self.page != "all":
            raise UsageError("a page is a number from 1, or all", option="page", value=self.page)


@dataclass(frozen=True)
class Writing:
    """What the output shall be; None: as its input is. See ``plan_output``."""

    depth: int | None = None
    format: str | None = None


def read(source: str | Path | bytes, how: Reading, page: Page | None = None) -> NirImage:
    """One picture; ``page``: one of those that ``how`` takes all of. Raises what ``read_nir`` raises."""
    grey, chosen = how.colours == "colorize", page or (None if how.page == "all" else how.page)
    try:
        return images.read_nir(
            source, band=how.band, page=chosen, stretch=how.stretch, equalize=how.equalize, grey=grey
        )
    except ColourInputError as error:
        remedy = str(error.remedy).replace("`grey=True`", "`colours=colorize`")  # as it is called in ``Reading``
        raise error.with_remedy(remedy) from error.__cause__


def offer_copy(error: ColourInputError) -> ColourInputError:
    """The same error, where there is one more way out."""
    return error.with_remedy(f"{error.remedy}; `colours=copy` passes colour pictures on as they are")


def offer_pages(error: PagesInputError) -> PagesInputError:
    """The same error, for whoever can take all of the pages."""
    return error.with_remedy(f"{error.remedy}, or take all of them with `page=all`")


def plan(target: Path | None, image: NirImage, how: Writing) -> OutputPlan:
    """Format and depth of the output (``target`` None: a stream). Raises UsageError where they do not fit."""
    height, width = image.pixels.shape
    return images.plan_output(target, image.info, depth=how.depth, format=how.format, size=(height, width))


def remarks(source: str, target: str, image: NirImage, plan: OutputPlan) -> Iterator[str]:
    """What the user should know: oddities of the input, and what of it the output cannot hold. One line each."""
    for warning in image.info.warnings:
        yield f"{source}: {warning}"
    for loss in images.losses(plan, image.info, image.alpha is not None):
        yield f"{target}: {loss}"


def write(place: Path | BinaryIO, rgb: NDArray[Any], image: NirImage, plan: OutputPlan, overwrite: bool) -> None:
    """Write (H, W, 3) float32 in [0, 1] with all that is kept of ``image``. Raises what ``write_rgb`` raises."""
    images.write_rgb(
        place, rgb, image.info, alpha=image.alpha, depth=plan.depth, format=plan.format, overwrite=overwrite
    )
