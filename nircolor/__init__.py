"""nircolor turns near-infrared photographs into natural RGB ones, at native size and bit depth, on any machine.

    import nircolor

    print(nircolor.colorize_file("photo_nir.tif"))          # photo_nir.tif -> photo_nir_rgb.tif

    image = nircolor.read_nir("photo_nir.tif")              # or step by step, with arrays
    engine = nircolor.EngineConfig(weights="lite").load()
    rgb = engine.colorize(image.pixels)
    nircolor.write_rgb("photo_rgb.tif", rgb, image.info, alpha=image.alpha)

Importing this loads nothing heavy: torch and the image libraries come with the first name that needs them. Threads of
torch that wait for work will sleep, unless the environment says otherwise (``threads.py``).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nircolor import threads as threads  # first of all: before anything can load torch
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
    from nircolor.adapting.adapt import AdaptResult, adapt_weights
    from nircolor.adapting.config import AdaptConfig
    from nircolor.bar import progress
    from nircolor.batch.entry import PictureDone
    from nircolor.batch.folder import colorize_folder, plan_folder
    from nircolor.batch.result import BatchResult, FolderPlan
    from nircolor.batch.walk import Naming, Selection
    from nircolor.calibrating.calibrate import CalibrationResult, calibrate_weights
    from nircolor.colorize import FileResult, colorize_file
    from nircolor.colorizer import Colorizer
    from nircolor.correction import Correction
    from nircolor.demo.build import DemoResult, build_demo
    from nircolor.doctor import Examination, examine
    from nircolor.engine import EngineConfig
    from nircolor.evaluation.evaluate import evaluate
    from nircolor.evaluation.results import Results
    from nircolor.evaluation.specs import Baseline, Predictions, Weights
    from nircolor.image import ImageInfo, NirImage, RgbImage, Stretch, read_nir, read_rgb, write_rgb
    from nircolor.picture import Reading, Writing
    from nircolor.publishing.push import PushResult, push_to_hub
    from nircolor.serving.config import Limits
    from nircolor.serving.serve import Served, serve
    from nircolor.tiling import Tiling
    from nircolor.training.run import Machine, Run, estimate_training, train
    from nircolor.video.convert import VideoResult, colorize_video
    from nircolor.weights_info import NamedWeights, WeightsInfo, list_weights, verify_weights

__all__ = [
    "AdaptConfig",
    "AdaptResult",
    "Baseline",
    "BatchResult",
    "CalibrationResult",
    "Colorizer",
    "Correction",
    "DemoResult",
    "DeviceError",
    "EngineConfig",
    "Examination",
    "FileResult",
    "FolderPlan",
    "ImageInfo",
    "InputError",
    "Limits",
    "Machine",
    "NamedWeights",
    "Naming",
    "NirImage",
    "NircolorError",
    "OutputError",
    "OutputExistsError",
    "PictureDone",
    "Predictions",
    "PushResult",
    "Reading",
    "Results",
    "RgbImage",
    "Run",
    "Selection",
    "Served",
    "StoppedError",
    "Stretch",
    "Tiling",
    "UsageError",
    "VideoResult",
    "Weights",
    "WeightsError",
    "WeightsInfo",
    "Writing",
    "__version__",
    "adapt_weights",
    "build_demo",
    "calibrate_weights",
    "colorize_file",
    "colorize_folder",
    "colorize_video",
    "estimate_training",
    "evaluate",
    "examine",
    "list_weights",
    "plan_folder",
    "progress",
    "push_to_hub",
    "read_nir",
    "read_rgb",
    "serve",
    "train",
    "verify_weights",
    "write_rgb",
]

_HOMES = {
    "nircolor.adapting.adapt": ("AdaptResult", "adapt_weights"),
    "nircolor.adapting.config": ("AdaptConfig",),
    "nircolor.bar": ("progress",),
    "nircolor.batch.entry": ("PictureDone",),
    "nircolor.batch.folder": ("colorize_folder", "plan_folder"),
    "nircolor.batch.result": ("BatchResult", "FolderPlan"),
    "nircolor.batch.walk": ("Naming", "Selection"),
    "nircolor.calibrating.calibrate": ("CalibrationResult", "calibrate_weights"),
    "nircolor.colorize": ("FileResult", "colorize_file"),
    "nircolor.colorizer": ("Colorizer",),
    "nircolor.correction": ("Correction",),
    "nircolor.demo.build": ("DemoResult", "build_demo"),
    "nircolor.doctor": ("Examination", "examine"),
    "nircolor.engine": ("EngineConfig",),
    "nircolor.evaluation.evaluate": ("evaluate",),
    "nircolor.evaluation.results": ("Results",),
    "nircolor.evaluation.specs": ("Baseline", "Predictions", "Weights"),
    "nircolor.image": ("ImageInfo", "NirImage", "RgbImage", "Stretch", "read_nir", "read_rgb", "write_rgb"),
    "nircolor.picture": ("Reading", "Writing"),
    "nircolor.publishing.push": ("PushResult", "push_to_hub"),
    "nircolor.serving.config": ("Limits",),
    "nircolor.serving.serve": ("Served", "serve"),
    "nircolor.tiling": ("Tiling",),
    "nircolor.video.convert": ("VideoResult", "colorize_video"),
    "nircolor.weights_info": ("NamedWeights", "WeightsInfo", "list_weights", "verify_weights"),
    "nircolor.training.run": ("Machine", "Run", "estimate_training", "train"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
