"""The verb ``export_onnx``: from weights to an ONNX file. Needs ``nircolor[onnx]`` and torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nircolor.errors import UsageError
from nircolor.files import atomic_file, check_output
from nircolor.twin.file import PROBE, TWIN_SUFFIX, WEIGHTS, probe_picture, probe_prior, sealed
from nircolor.twin.session import Maps, proof
from nircolor.weights import load

if TYPE_CHECKING:
    import onnx

    from nircolor.model import Generator


@dataclass(frozen=True)
class TwinInfo:
    """An ONNX file that was written. ``weights_sha256``: of the whole file of weights that it was made from."""

    path: str
    bytes: int
    weights: str
    weights_sha256: str

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor weights export NAME OUT.onnx --json`` prints."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.path}: {self.bytes / 1e6:.1f} MB, of {self.weights} ({self.weights_sha256[:12]})"


def export_onnx(name: str | Path, out: Path, *, overwrite: bool = False) -> TwinInfo:
    """Write the networks of weights as an ONNX file, checked by ``onnx`` and tried by onnxruntime.

    Args:
        name: a packaged name, one of the user's own, a path, or ``hf://org/repo[@rev][/file]``.
        out: ends in .onnx. Beside a weights file, and with its name, nircolor takes it to colorize on a CPU.

    Raises UsageError for networks of another kind than those of ``lite`` and ``edge``, or without ``onnx``, and
    WeightsError, OutputError, OutputExistsError.
    """
    if out.suffix != TWIN_SUFFIX:
        raise UsageError("an ONNX file needs its suffix", path=out, remedy=f"end the name in {TWIN_SUFFIX}")
    check_output(out, overwrite)
    try:
        import onnx
    except ImportError as error:
        raise UsageError("needs the package onnx", path=out, remedy="pip install 'nircolor[onnx]'") from error
    from nircolor.model import Generator
    from nircolor.weights_network import restored

    loaded = load(name)
    network = restored(loaded, Generator)
    model = _model(network)
    model.producer_name = "nircolor"
    onnx.helper.set_model_props(model, {WEIGHTS: loaded.sha256, PROBE: _proof(network)})
    onnx.checker.check_model(model, full_check=True)
    data = sealed(model.SerializeToString(deterministic=True))
    with atomic_file(out, overwrite=overwrite) as stream:
        stream.write(data)
    return TwinInfo(str(out), len(data), str(name), loaded.sha256)


def _model(network: Generator) -> onnx.ModelProto:
    from nircolor.model.edge import Edge
    from nircolor.twin.branches import model_of
    from nircolor.twin.edge import edge_model

    return edge_model(network) if isinstance(network, Edge) else model_of(network)


def _proof(network: Generator) -> str:
    import torch

    from nircolor.model.edge import Edge

    nir = torch.from_numpy(probe_picture())
    with torch.inference_mode():
        if isinstance(network, Edge):
            network.prior_branch.eight_bits = True
            return proof(network(nir)[0].clamp(0, 1).numpy())
        prior: Maps = network.prior_branch(nir).numpy()
        features: Maps = network.features(nir).numpy()  # type: ignore[union-attr]
        maps = network.rgb_branch(nir, torch.from_numpy(probe_prior(prior))).numpy()
    return proof(prior, maps, features)


def width_of(config: Any, members: int = 1) -> int:
    """Channels of the prior of a network."""
    return (3 + int(config["prior_features"])) * members
