"""nircolor turns near-infrared photographs into natural RGB ones, at native size and bit depth, on any machine.

    import nircolor

    print(nircolor.colorize_file("photo_nir.tif"))          # photo_nir.tif -> photo_nir_rgb.tif

    image = nircolor.read_nir("photo_nir.tif")              # or step by step, with arrays
    engine = nircolor.EngineConfig(weights="lite").load()
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
    StoppedError,
    UsageError,
    WeightsError,
)

if TYPE_CHECKING:
    from nircolor.colorize import FileResult, colorize_file
    from nircolor.colorizer import Colorizer
    from nircolor.engine import EngineConfig
    from nircolor.image import ImageInfo, NirImage, RgbImage, Stretch, read_nir, read_rgb, write_rgb
    from nircolor.picture import Reading, Writing
    from nircolor.tiling import Tiling
    from nircolor.training.run import Machine, Run, estimate_training, train

__all__ = [
    "Colorizer",
    "DeviceError",
    "EngineConfig",
    "FileResult",
    "ImageInfo",
    "InputError",
    "Machine",
    "NirImage",
    "NircolorError",
    "OutputError",
    "OutputExistsError",
    "Reading",
    "RgbImage",
    "Run",
    "StoppedError",
    "Stretch",
    "Tiling",
    "UsageError",
    "WeightsError",
    "Writing",
    "__version__",
    "colorize_file",
    "estimate_training",
    "read_nir",
    "read_rgb",
    "train",
    "write_rgb",
]

_HOMES = {
    "nircolor.colorize": ("FileResult", "colorize_file"),
    "nircolor.colorizer": ("Colorizer",),
    "nircolor.engine": ("EngineConfig",),
    "nircolor.image": ("ImageInfo", "NirImage", "RgbImage", "Stretch", "read_nir", "read_rgb", "write_rgb"),
    "nircolor.picture": ("Reading", "Writing"),
    "nircolor.tiling": ("Tiling",),
    "nircolor.training.run": ("Machine", "Run", "estimate_training", "train"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
