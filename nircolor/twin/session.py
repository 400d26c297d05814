"""A twin at work, run by onnxruntime on a CPU. No torch, and no ``onnx``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import DeviceError, WeightsError
from nircolor.twin.file import (
    COEFFICIENTS,
    PAINTING,
    PROBE,
    REMEDY,
    ROUGHLY,
    TOLERANCE,
    WEIGHTS,
    half_way,
    probe_picture,
    probe_prior,
    read_sealed,
    samples,
)
from nircolor.wording import in_short

Maps = NDArray[np.float32]
_PROVEN = 3  # what is proved of a twin: prior, maps and features


class Twin:
    """The networks of the weights file whose SHA-256 is ``sha256``; their prior has ``width`` channels.

    ``brief``: starting soon counts more than going fast. Nothing is taken on trust: the file is unharmed, of these
    weights, and computes what torch does. Raises DeviceError without an onnxruntime that can, WeightsError for any
    other file.
    """

    def __init__(self, path: Path, sha256: str, width: int, threads: int, brief: bool = False) -> None:
        self.threads = threads
        self._session, wanted = _opened(path, sha256, threads, brief)
        self._undecided = np.empty((1, width, 0, 0), np.float32)
        self._unasked = np.empty((1, width, 0, 1), np.float32)
        _prove(path, wanted, TOLERANCE, self._probed, _PROVEN)

    def prior(self, nir: Maps) -> Maps:
        """(b, 1, H, W), sides as the network needs them -> (b, P, H / 4, W / 4): G_B."""
        return self._run(nir, self._undecided)

    def features(self, nir: Maps) -> Maps:
        """(b, 1, H, W) -> (b, C, H / 16, W / 16): what the encoder of G_B sees."""
        return self._run(nir, self._unasked)

    def maps(self, nir: Maps, prior: Maps) -> Maps:
        """And the prior (b, P, H, W) -> (b, 6, H, W): G_A."""
        return self._run(nir, prior)

    def _run(self, nir: Maps, prior: Maps) -> Maps:
        feeds = {"nir": np.ascontiguousarray(nir), "prior": np.ascontiguousarray(prior)}
        return np.asarray(self._session.run(["maps"], feeds)[0])

    def _probed(self) -> list[Maps]:
        nir = probe_picture()
        prior = self.prior(nir)
        return [prior, self.maps(nir, probe_prior(prior)), self.features(nir)]


class EdgeTwin:
    """The same for an ``Edge`` (``model/edge.py``)."""

    def __init__(self, path: Path, sha256: str, threads: int) -> None:
        self.threads = threads
        self._session, wanted = _opened(path, sha256, threads, False, half_way)  # not optimised it is a third as fast
        _prove(path, wanted, ROUGHLY, lambda: [self._session.run(["rgb"], {"nir": probe_picture()})[0]])

    def coefficients(self, nir: Maps) -> Maps:
        """(b, 1, H, W) in [0, 1] -> (b, 9, h, w): what ``enlarging.tinted`` makes colours of."""
        feeds = ({"nir": np.ascontiguousarray(one[None]), PAINTING: np.array([False])} for one in nir)
        return np.concatenate([self._session.run([COEFFICIENTS], feed)[0] for feed in feeds])


def proof(*made: Maps) -> str:
    """The metadata ``probe``, of what the picture of a probe becomes."""
    return json.dumps([samples(maps) for maps in made])


def _opened(
    path: Path, sha256: str, threads: int, brief: bool, change: Callable[[bytes], bytes] = bytes
) -> tuple[Any, str]:
    """A session, and what a probe has to become."""
    data, runtime = change(read_sealed(path)), _runtime()
    try:
        session = runtime.InferenceSession(data, _options(runtime, threads, brief), ["CPUExecutionProvider"])
        meta = session.get_modelmeta().custom_metadata_map
    except Exception as error:  # what a runtime raises cannot be foreseen
        reason = f"onnxruntime {runtime.__version__} cannot load {path.name} ({in_short(error)})"
        raise DeviceError(reason, remedy="pip install -U onnxruntime") from error
    if meta.get(WEIGHTS) != sha256:
        raise WeightsError("was made from other weights than those beside it", path=path, remedy=REMEDY)
    return session, meta.get(PROBE, "")


def _prove(path: Path, wanted: str, tolerance: float, probed: Callable[[], list[Maps]], proven: int = 1) -> None:
    """``proven``: of how many maps it has to be shown what they are."""
    try:
        kept = json.loads(wanted)
        if len(kept) < proven:
            raise WeightsError("was made by an earlier version of nircolor", path=path, remedy=REMEDY)
        pairs = zip(probed(), kept, strict=True)
        error = max(float(np.abs(np.subtract(samples(made), there)).max()) for made, there in pairs)
    except WeightsError:
        raise
    except Exception as fault:
        raise WeightsError(f"is no network of nircolor ({in_short(fault)})", path=path, remedy=REMEDY) from fault
    if not error < tolerance:
        version = _runtime().__version__
        reason = f"onnxruntime {version} makes something else of {path.name} than torch (off by {error:.2g})"
        raise DeviceError(reason, remedy="pip install -U onnxruntime")


def _runtime() -> ModuleType:
    """The library, kept from talking: since 1.29 it reports machines and models to its makers over the network, and
    keeps a number of this machine on the disk, unless its environment says otherwise before it is loaded.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        runtime = import_module("onnxruntime")
    except (ImportError, OSError) as error:
        reason = f"onnxruntime cannot be loaded ({in_short(error)})"
        raise DeviceError(reason, remedy="pip install onnxruntime") from error
    return runtime


def _options(runtime: ModuleType, threads: int, brief: bool) -> Any:
    """Threads that sleep between calls: a machine has other things to do, and our own threads wait for cores, too."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    if brief:  # to optimise the graph takes as long as half a picture, and saves a third of each
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3  # errors, which are raised as well
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
