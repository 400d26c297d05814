"""A twin at work: its two branches, run by onnxruntime on a CPU. No torch, and no ``onnx``."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import DeviceError, WeightsError
from nircolor.twin.file import PROBE, REMEDY, TOLERANCE, WEIGHTS, probe_picture, probe_prior, read_sealed, samples
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
        data, runtime = read_sealed(path), _runtime()
        try:
            self._session = runtime.InferenceSession(data, _options(runtime, threads, brief), ["CPUExecutionProvider"])
            meta = self._session.get_modelmeta().custom_metadata_map
        except Exception as error:  # what a runtime raises cannot be foreseen
            reason = f"onnxruntime {runtime.__version__} cannot load {path.name} ({in_short(error)})"
            raise DeviceError(reason, remedy="pip install -U onnxruntime") from error
        if meta.get(WEIGHTS) != sha256:
            raise WeightsError("was made from other weights than those beside it", path=path, remedy=REMEDY)
        self._undecided = np.empty((1, width, 0, 0), np.float32)
        self._unasked = np.empty((1, width, 0, 1), np.float32)
        self._prove(path, meta, runtime.__version__)

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

    def _prove(self, path: Path, meta: dict[str, str], version: str) -> None:
        try:
            wanted = json.loads(meta[PROBE])
            if len(wanted) < _PROVEN:
                raise WeightsError("was made by an earlier version of nircolor", path=path, remedy=REMEDY)
            error = _largest_error(self, wanted)
        except WeightsError:
            raise
        except Exception as fault:
            raise WeightsError(f"is no network of nircolor ({in_short(fault)})", path=path, remedy=REMEDY) from fault
        if not error < TOLERANCE:
            reason = f"onnxruntime {version} makes something else of {path.name} than torch (off by {error:.2g})"
            raise DeviceError(reason, remedy="pip install -U onnxruntime")


def _largest_error(twin: Twin, wanted: list[list[float]]) -> float:
    nir = probe_picture()
    prior = twin.prior(nir)
    found = samples(prior), samples(twin.maps(nir, probe_prior(prior))), samples(twin.features(nir))
    return max(float(np.abs(np.subtract(here, there)).max()) for here, there in zip(found, wanted, strict=True))


def proof(prior: Maps, maps: Maps, features: Maps) -> str:
    """The metadata ``probe``."""
    return json.dumps([samples(prior), samples(maps), samples(features)])


def _runtime() -> ModuleType:
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
