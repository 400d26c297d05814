"""Which engine runs the networks: torch, on any device, or onnxruntime, on a CPU, which starts in a third of the time.

``auto`` takes onnxruntime where it gives the same pictures: on a CPU, for weights with a twin (``twin/file.py``) beside
them. Where it should, and cannot, torch takes its place, and says so.
"""

from __future__ import annotations

import ctypes.util
import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nircolor.errors import DeviceError, NircolorError, UsageError, WeightsError
from nircolor.twin.file import twin_of
from nircolor.weights import FoundWeights, find, load, locate

if TYPE_CHECKING:
    from nircolor.networks import Networks
    from nircolor.torch_networks import TorchNetworks

Engine = Literal["auto", "torch", "onnx"]
Tell = Callable[[str], None]
log = logging.getLogger("nircolor")


@dataclass(frozen=True)
class Choice:
    """Fields of ``EngineConfig``. ``brief``: for little work, for which starting soon counts more than going fast."""

    engine: Engine = "auto"
    device: str = "auto"
    precision: str = "auto"
    threads: int | None = None
    brief: bool = False

    def check(self) -> None:
        """Refuse what onnxruntime cannot do here. Raises UsageError."""
        if self.engine not in ("auto", "torch", "onnx"):
            raise UsageError("unknown", option="engine", value=self.engine, remedy="give auto, torch or onnx")
        for option, value, wanted in (("device", self.device, "cpu"), ("precision", self.precision, "fp32")):
            if self.engine == "onnx" and value not in ("auto", wanted):
                remedy = f"give `{option}={wanted}`, or `engine=torch`"
                raise UsageError("not with `engine=onnx`", option=option, value=value, remedy=remedy)

    @property
    def on_cpu(self) -> bool:
        """Whether onnxruntime does what is asked for."""
        return self.precision in ("auto", "fp32") and (
            self.device == "cpu" or (self.device == "auto" and (self.engine == "onnx" or not gpu_in_use()))
        )


def open_networks(
    name: str, path: Path | None, choice: Choice, tell: Tell | None = None
) -> tuple[Networks, FoundWeights]:
    """The networks of weights, and what is known of these. ``tell`` gets a line where torch takes the place of
    onnxruntime; None: the logger ``nircolor`` does.

    Raises WeightsError, DeviceError and UsageError.
    """
    choice.check()
    path = path or locate(name)
    if choice.engine == "onnx":
        return _onnx(name, path, choice)
    if choice.engine == "auto" and twin_of(path).exists() and choice.on_cpu:
        found = find(name, path)
        try:
            return _opened(found, choice), found
        except (WeightsError, DeviceError) as error:
            (tell or log.warning)(f"torch takes the place of onnxruntime: {error}")
    return _torch(name, path, choice)


def _onnx(name: str, path: Path, choice: Choice) -> tuple[Networks, FoundWeights]:
    found, twin = find(name, path), twin_of(path)
    if not twin.exists():
        remedy = f"make one beside it with `nircolor weights export {name} {twin}`, or give `engine=torch`"
        raise WeightsError("has no ONNX file", path=path, remedy=remedy)
    return _opened(found, choice), found


def _opened(found: FoundWeights, choice: Choice) -> Networks:
    threads = choice.threads or cores()
    if is_edge(found.meta):
        from nircolor.edge_networks import EdgeNetworks

        return EdgeNetworks.of(found, threads)
    from nircolor.onnx_networks import OnnxNetworks

    return OnnxNetworks.open(found.path, found.meta, found.sha256, threads, choice.brief)


def is_edge(meta: Mapping[str, object]) -> bool:
    """Whether weights are those of a network for small machines (``model/edge.py``)."""
    config = meta.get("config")
    prior = config.get("prior") if isinstance(config, dict) else None
    return isinstance(prior, dict) and prior.get("kind") == "edge"


def _torch(name: str, path: Path, choice: Choice) -> tuple[TorchNetworks, FoundWeights]:
    try:
        import torch

        from nircolor.device import choose_device, choose_precision
        from nircolor.model import Generator
        from nircolor.torch_networks import TorchNetworks
        from nircolor.weights_network import restored
    except NircolorError:
        raise
    except (ImportError, OSError) as error:
        remedy = "reinstall it, then try `nircolor doctor`"
        raise DeviceError(f"PyTorch cannot be loaded ({error})", remedy=remedy) from error
    if choice.threads:
        torch.set_num_threads(choice.threads)
    device = choose_device(choice.device)
    dtype = choose_precision(choice.precision, device)
    loaded = load(name, path)
    return TorchNetworks(restored(loaded, Generator), device, dtype), loaded


def cores() -> int:
    """Cores that a process may use if it is alone; OMP_NUM_THREADS says it otherwise, as it does to torch."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if asked.isdecimal() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpu_in_use() -> bool:
    """Whether ``device=auto`` is a GPU. torch is asked only where there is a sign of one and this torch could use it:
    importing it takes longer than everything else."""
    if not _sign_of_gpu():
        return False
    from nircolor.device import choose_device

    return choose_device("auto").type != "cpu"


def _sign_of_gpu() -> bool:
    if "torch" in sys.modules:
        return True
    try:
        if metadata.version("torch").endswith("+cpu"):
            return False
    except metadata.PackageNotFoundError:
        return False
    if sys.platform == "darwin":
        return os.uname().machine == "arm64"
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    if sys.platform == "win32":
        return ctypes.util.find_library("nvcuda") is not None
    return any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/dxg"))
