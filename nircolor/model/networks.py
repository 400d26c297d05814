"""Which network a configuration asks for."""

from __future__ import annotations

from nircolor.model.config import ModelConfig
from nircolor.model.generator import Generator
from nircolor.model.reverse import NirFromRgb

Network = Generator | NirFromRgb


def network_for(config: ModelConfig) -> Network:
    """An untrained network, in the direction of ``config``."""
    return NirFromRgb(config) if config.direction == "nir" else Generator(config)
