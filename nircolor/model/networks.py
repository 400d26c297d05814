"""Which network a configuration asks for."""

from __future__ import annotations

from nircolor.model.config import ModelConfig
from nircolor.model.generator import Generator
from nircolor.model.reverse import NirFromRgb

Network = Generator | NirFromRgb


def network_for(config: ModelConfig, members: int = 1) -> Network:
    """An untrained network, in the direction of ``config``; an ensemble of ``members``, of which only ``Generator``
    knows: ValueError for the others.
    """
    if config.direction != "nir":
        return Generator(config, members)
    if members != 1:
        raise ValueError("a network that makes near-infrared has no members")
    return NirFromRgb(config)
