"""What validation says of finished weights, put right without training: brightness, colourfulness, sizes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nircolor.correction import LUMA
from nircolor.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from nircolor.model import ModelConfig

HEAD, EDGE_HEAD = "rgb_branch.head.", "prior_branch.pyramid.head."  # of two branches, and of one


@dataclass(frozen=True)
class Calibration:
    """The defaults change nothing. Brightness, chroma and paint size are for the affine head."""

    brightness: float = 1.0  # factor of the RGB
    chroma: float = 1.0  # factor of what sets a colour apart from the grey of its luma
    prior_size: int | None = None  # side of the square that bounds what G_B sees at inference; None: as trained
    paint_size: int | None = None  # likewise for G_A, whose gains and offsets are then enlarged; 0: full size

    @property
    def factors(self) -> dict[str, float]:
        """Those that change weights, by name."""
        found = {"brightness": self.brightness, "chroma": self.chroma}
        return {name: factor for name, factor in found.items() if factor != 1}


def calibrated_model(model: ModelConfig, calibration: Calibration) -> ModelConfig:
    """The model with the sizes asked for. Raises UsageError where it cannot take the calibration."""
    for name in ("brightness", "chroma"):
        factor = getattr(calibration, name)
        if not (math.isfinite(factor) and factor > 0):
            raise UsageError("must be a number above 0", option=name, value=factor)
    wanted = [*calibration.factors, *(["paint_size"] if calibration.paint_size else [])]
    if model.head != "affine" and wanted:
        reason = f"for networks with an affine head only; this one's is {model.head}, so leave it out"
        raise UsageError(reason, option=wanted[0])
    if model.prior.kind == "edge" and calibration.paint_size:
        raise UsageError("for networks of two branches only; this one has one, so leave it out", option="paint_size")
    sizes = {name: size for name in ("prior_size", "paint_size") if (size := getattr(calibration, name)) is not None}
    return replace(model, **sizes)


def calibrated_state(state: Mapping[str, Tensor], calibration: Calibration) -> dict[str, Tensor]:
    """Weights whose RGB is the factors' exactly, but for what is clipped.

    For the affine head rgb = nir (1 + gain) + offset: with M, which scales the chroma and keeps the luma, gain becomes
    brightness (1 + M gain) - 1, since M keeps grey, and offset becomes brightness M offset.
    """
    import torch

    if not calibration.factors:
        return dict(state)
    head = HEAD if f"{HEAD}weight" in state else EDGE_HEAD
    weight, bias = state[f"{head}weight"], state[f"{head}bias"]
    chroma, luma = calibration.chroma, weight.new_tensor(LUMA)
    M = chroma * torch.eye(3).to(weight) + (1 - chroma) * luma.expand(3, 3)
    both = calibration.brightness * torch.kron(torch.eye(2).to(M), M)  # gains, then offsets
    weight, bias = torch.einsum("ij,jkhw->ikhw", both, weight), both @ bias
    bias[:3] += calibration.brightness - 1
    return {**state, f"{head}weight": weight, f"{head}bias": bias}


def changes(model: ModelConfig, calibration: Calibration) -> Iterator[str]:
    """What sets the calibrated weights apart from those that the run measured."""
    for name, factor in calibration.factors.items():
        yield f"{name} {factor:g}"
    for name in ("prior_size", "paint_size"):
        if getattr(calibration, name) not in (None, getattr(model, name)):
            yield f"{name} {getattr(calibration, name)}"
