"""One picture from file to file, but for what colorizes it: the same steps for ``nircolor colorize`` and ``batch``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from numpy.typing import NDArray

import nircolor.image as images
from nircolor.errors import ColourInputError, UsageError
from nircolor.image import NirImage, OutputPlan, Stretch
from nircolor.image.bands import Band, parse
from nircolor.image.raster import Damaged

Colours = Literal["refuse", "copy", "colorize"]
"""What becomes of colour pictures among near-infrared ones: an error, themselves, or colours made from their luma."""


@dataclass(frozen=True)
class Reading:
    """How a file becomes a near-infrared picture: see ``read_nir``."""

    stretch: Stretch = field(default_factory=Stretch)
    equalize: bool = False
    band: Band | None = None
    """Its number, from 1, or what names it: ``"nir"``, ``"B8"``, ``"842nm"``."""
    page: int | None = None
    colours: Colours = "refuse"
    """``read`` refuses colour pictures but with ``colorize``; whoever wants to ``copy`` them catches the error."""
    damaged: Damaged = "refuse"

    def __post_init__(self) -> None:
        object.__setattr__(self, "band", parse(self.band))  # "4" and 4 are the same
        if self.colours != "refuse" and self.band is not None:
            raise UsageError("excludes `colours`", option="band", remedy="leave it out, or both of them")


@dataclass(frozen=True)
class Writing:
    """What the output shall be; None: as its input is. See ``plan_output``."""

    depth: int | None = None
    format: str | None = None
    cog: bool = False
    """A Cloud-Optimized GeoTIFF with overviews; needs ``nircolor[geo]``."""


def read(source: str | Path | bytes, how: Reading) -> NirImage:
    """Raises what ``read_nir`` raises."""
    grey = how.colours == "colorize"
    try:
        return images.read_nir(
            source, band=how.band, page=how.page, stretch=how.stretch, equalize=how.equalize, grey=grey
        )
    except ColourInputError as error:
        remedy = str(error.remedy).replace("`grey=True`", "`colours=colorize`")  # as it is called in ``Reading``
        raise error.with_remedy(remedy) from error.__cause__


def offer_copy(error: ColourInputError) -> ColourInputError:
    """The same error, where there is one more way out."""
    return error.with_remedy(f"{error.remedy}; `colours=copy` passes colour pictures on as they are")


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
