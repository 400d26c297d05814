"""What the papers draw: the generator with its two branches, and the parts they are made of."""

from __future__ import annotations

from nircolor.model.config import PRESETS, BranchConfig, ModelConfig
from nircolor.model.generator import Generator, crop_prior
from nircolor.model.vss import VSSConfig

__all__ = ["PRESETS", "BranchConfig", "Generator", "ModelConfig", "VSSConfig", "crop_prior"]
