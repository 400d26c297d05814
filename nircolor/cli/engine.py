"""From the words of a command line to an engine: what can be refused is refused before torch is loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nircolor.cli.common import Report
from nircolor.errors import DeviceError, UsageError

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer
    from nircolor.tiling import Tiling


def check_device(name: str) -> None:
    """Whether it is a name at all; what is there only torch knows."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name, re.ASCII):
        raise UsageError(f"--device {name}: unknown; give auto, cpu, cuda, cuda:N or mps")


def check_weights(name: str) -> None:
    """What can be known of them without torch, and without the network."""
    from nircolor.hub import HUB_SCHEME, parse_hub
    from nircolor.weights import read_meta

    if name.startswith(HUB_SCHEME):
        parse_hub(name)
    else:
        read_meta(name)


def locate_weights(name: str, report: Report) -> Path:
    """The file of some weights, fetched if it is on the Hub, with the Hub's own bar unless that is unwanted."""
    from nircolor.hub import HUB_SCHEME
    from nircolor.weights import locate

    if report.quiet and name.startswith(HUB_SCHEME):
        from huggingface_hub.utils.tqdm import disable_progress_bars

        disable_progress_bars()
    return locate(name)


def load_engine(
    path: Path,
    name: str,
    device: str,
    precision: str,
    tiling: Tiling,
    prior: Literal["global", "tile"],
    report: Report,
) -> Colorizer:
    """The engine of the weights at ``path``, told once by the ``name`` that was asked for."""
    try:
        from nircolor.colorizer import Colorizer
    except (ImportError, OSError) as error:
        raise DeviceError(f"PyTorch cannot be loaded ({error}); reinstall it, then try `nircolor doctor`") from error
    engine = Colorizer.from_weights(
        str(path), device=device, precision=precision, tiling=tiling, prior=prior, on_retreat=report.warn
    )
    info = engine.info
    report.say(
        f"device {info.device}, kernel {info.kernel}, weights {name} ({info.weights_sha256}), "
        f"precision {info.precision}"
    )
    return engine
