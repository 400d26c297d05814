"""A picture in memory and what has to survive from the file it came from to the file it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nircolor.image.metadata.kept import Metadata

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nircolor.image.geo.tags import Geo


@dataclass(frozen=True)
class ImageInfo:
    """What must survive from input to output."""

    format: str
    """Of the source: a key of ``formats.FORMATS`` or ``formats.READ_ONLY``."""
    dtype: str
    """Depth of the source: ``uint8`` (also 1 to 8 bits), ``uint16`` (also 9 to 16 bits) or ``float32``."""
    icc: bytes | None = None
    """ICC profile that is valid for an RGB picture; a grey profile is dropped on reading, with a warning."""
    exif: bytes | None = None
    """EXIF as a TIFF structure (no ``Exif\\0\\0`` prefix), orientation already 1, without the source's thumbnail."""
    resolution: tuple[float, float] | None = None
    """Pixels per inch along x and y of ``NirImage.pixels``."""
    warnings: tuple[str, ...] = ()
    """What the user should know about the reading; one line each, without the path."""
    metadata: Metadata = field(default_factory=Metadata)
    """XMP, IPTC, texts and comments, as far as they are true of the output."""
    bits: int | None = None
    """How many of the 16 bits of ``uint16`` count: 10 or 12 of a codec or a sensor; None for all."""
    compression: str = "deflate"
    """How a TIFF is packed: ``none``, ``lzw`` or ``deflate`` (which also stands for every other kind)."""
    geo: Geo | None = None
    """Where ``NirImage.pixels`` lie on the Earth; only a TIFF can hold it."""


@dataclass(frozen=True)
class NirImage:
    """A near-infrared picture, upright."""

    pixels: NDArray[np.float32]
    """(H, W) float32 in [0, 1], EXIF orientation applied."""
    alpha: NDArray[np.float32] | None
    """(H, W) float32 in [0, 1], 1 = opaque; None where the file has no mask."""
    info: ImageInfo
