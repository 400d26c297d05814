"""LPIPS as a column: where its weights come from, and which backbone the numbers belong to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from nircolor.errors import DeviceError, UsageError, WeightsError
from nircolor.evaluation.metric import Borders, Image, Metric, check_sizes
from nircolor.hub import HUB_SCHEME, fetch, parse_hub

if TYPE_CHECKING:  # torch is loaded once there are weights for it
    from torch import Tensor

    Distance = Callable[[Tensor, Tensor], Tensor]

BACKBONE_NAMES = ("squeeze", "alex", "vgg")


def lpips_metric(backbone: str = "squeeze", weights: str | None = None, device: str = "cpu") -> Metric:
    """The column ``lpips-<backbone>``.

    ``weights``: a safetensors file (see features/lpips.py) or hf://org/repo[@rev][/file]; without it, the ``lpips``
    package and torchvision are used where they are installed. Raises UsageError for an unknown backbone, WeightsError,
    whose text says what to do, where there are no weights.
    """
    if backbone not in BACKBONE_NAMES:
        remedy = f"give {', '.join(BACKBONE_NAMES)}"
        raise UsageError("unknown", option="lpips", value=backbone, remedy=remedy)
    distance = _from_file(backbone, weights) if weights else _from_package(backbone)
    from nircolor.features.backbones import BACKBONES

    smallest = BACKBONES[backbone].smallest
    compute = partial(_lpips, distance, Lock(), smallest, device)
    return Metric(f"lpips-{backbone}", f"LPIPS-{backbone}", "", "lower", 4, "display", compute)


def _from_file(backbone: str, weights: str) -> Distance:
    from nircolor.features.lpips import Lpips

    return Lpips(fetch(parse_hub(weights)) if weights.startswith(HUB_SCHEME) else weights, backbone)


def _from_package(backbone: str) -> Distance:
    """The network of the ``lpips`` package, which downloads torchvision's backbone when it is used first."""
    if find_spec("lpips") is None or find_spec("torchvision") is None:
        raise WeightsError(
            "no weights: name a safetensors file or hf://... with `lpips_weights`, "
            "or install the extra: pip install 'nircolor[lpips]'",
            path=f"lpips-{backbone}",
        )
    try:
        from lpips import LPIPS

        network = LPIPS(net=backbone, verbose=False).eval()
    except Exception as error:  # a broken torchvision, a download that fails: whatever it raises, the column is missing
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        problem, remedy = f"the lpips package failed ({reason})", "use `lpips_weights`"
        raise WeightsError(problem, path=f"lpips-{backbone}", remedy=remedy) from error
    return lambda a, b: network.to(a.device)(a, b, normalize=True).reshape(-1)


def _lpips(
    distance: Distance, lock: Lock, smallest: int, device: str, prediction: Image, truth: Image, borders: Borders
) -> float | None:
    """0 for equal pictures, upwards; None for a picture with a side of fewer pixels than the network needs."""
    import torch

    from nircolor.device import is_out_of_memory

    check_sizes(prediction, truth)
    if min(truth.shape[:2]) < smallest:
        return None
    a, b = (torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)))[None] for x in (prediction, truth))
    try:
        with lock, torch.inference_mode():  # it uses every core already, and much memory
            return distance(a.to(device), b.to(device)).item()
    except Exception as error:
        if is_out_of_memory(error):
            height, width = truth.shape[:2]
            reason, remedy = f"out of memory in LPIPS of {width} x {height} pixels", "leave it out with `metrics`"
            raise DeviceError(reason, remedy=remedy) from error
        raise
