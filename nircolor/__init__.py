"""nircolor turns near-infrared photographs into natural RGB ones, at native size and bit depth, on any machine.

    import nircolor

    image = nircolor.read_nir("photo_nir.tif")
    engine = nircolor.Colorizer.from_weights("lite")
    rgb = engine.colorize(image.pixels)
    nircolor.write_rgb("photo_rgb.tif", rgb, image.info, alpha=image.alpha)

Importing this loads nothing heavy: torch and the image libraries come with the first name that needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nircolor._version import __version__
from nircolor.errors import (
    DeviceError,
    InputError,
    NircolorError,
    OutputError,
    OutputExistsError,
    UsageError,
    WeightsError,
)

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer
    from nircolor.image import ImageInfo, NirImage, RgbImage, Stretch, read_nir, read_rgb, write_rgb
    from nircolor.tiling import Tiling

__all__ = [
    "Colorizer",
    "DeviceError",
    "ImageInfo",
    "InputError",
    "NirImage",
    "NircolorError",
    "OutputError",
    "OutputExistsError",
    "RgbImage",
    "Stretch",
    "Tiling",
    "UsageError",
    "WeightsError",
    "__version__",
    "read_nir",
    "read_rgb",
    "write_rgb",
]

_HOMES = {
    "Colorizer": "nircolor.colorizer",
    "ImageInfo": "nircolor.image",
    "NirImage": "nircolor.image",
    "RgbImage": "nircolor.image",
    "Stretch": "nircolor.image",
    "Tiling": "nircolor.tiling",
    "read_nir": "nircolor.image",
    "read_rgb": "nircolor.image",
    "write_rgb": "nircolor.image",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
