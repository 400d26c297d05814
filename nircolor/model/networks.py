"""Which network a configuration asks for."""

from __future__ import annotations

from nircolor.model.config import EDGE_KIND, ModelConfig
from nircolor.model.edge import Edge
from nircolor.model.generator import Generator
from nircolor.model.reverse import NirFromRgb

Network = Generator | NirFromRgb


def network_for(config: ModelConfig, members: int = 1) -> Network:
    """An untrained network, in the direction of ``config``; an ensemble of ``members``, of which only ``Generator``
    itself knows: ValueError for the others.
    """
    if config.direction != "nir" and config.prior.kind != EDGE_KIND:
        return Generator(config, members)
    if members != 1:
        raise ValueError("a network of one branch has no members")
    return NirFromRgb(config) if config.direction == "nir" else Edge(config)
