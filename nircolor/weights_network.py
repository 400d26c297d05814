"""Is the network that a weights file describes the one whose tensors it holds? Decided before anything is allocated.

A file of a few kilobytes can describe a network of any size. Its description is checked value by value, as a recipe's
is; then the network itself is held against the tensors (``model/fit.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from nircolor.errors import WeightsError
from nircolor.model import Generator, ModelConfig
from nircolor.model.checks import check_model
from nircolor.model.fit import Shapes, check_fit
from nircolor.model.networks import network_for
from nircolor.model.reverse import NirFromRgb
from nircolor.values import build
from nircolor.weights import LoadedWeights, refuse_checkpoint

N = TypeVar("N", Generator, NirFromRgb)
_OTHERS = {
    Generator: "makes near-infrared of colour, not the other way; give weights that colorize, such as lite",
    NirFromRgb: "colours near-infrared pictures; weights of the recipe nir-from-rgb are needed",
}
"""What to say of a file that holds the other network."""


def restored(loaded: LoadedWeights, kind: type[N]) -> N:
    """The network of a weights file, ready to use. Raises WeightsError where it is none, or one of another ``kind``."""
    refuse_checkpoint(loaded.meta, loaded.path)
    shapes = {name: tuple(value.shape) for name, value in loaded.state.items()}
    network = network_for(*described(loaded.meta, shapes, loaded.path))
    if not isinstance(network, kind):
        raise WeightsError(_OTHERS[kind], path=loaded.path)
    network.load_state_dict({name: value.float() for name, value in loaded.state.items()})
    return network.eval()


def described(meta: Mapping[str, object], shapes: Shapes, path: Path) -> tuple[ModelConfig, int]:
    """The configuration and the number of members of the network in a file of this ``meta`` and these tensors.

    ``path`` is only named in the WeightsError that is raised where they are none that fit.
    """

    def refuse(key: str, value: object, reason: str) -> WeightsError:
        said = "" if value is None else f" = {str(value)[:60]}"
        return _refusal(path, f"{key[:100]}{said}: {reason[:200]}")

    config = build(ModelConfig, meta.get("config"), "model", refuse)
    check_model(config, refuse)
    names = meta.get("members")
    members = len(names) if isinstance(names, list) and names else 1
    try:
        check_fit(lambda: network_for(config, members), shapes)
    except ValueError as error:
        raise _refusal(path, str(error)) from error
    return config, members


def _refusal(path: Path, reason: str) -> WeightsError:
    reason = f"not weights of a network that this nircolor knows ({reason})"
    return WeightsError(reason, path=path, remedy="give another file")
