"""G_B and G_A as one ONNX graph with two ways through it, which share nothing but the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import onnx
from torch import nn

from nircolor.errors import UsageError
from nircolor.model import Generator
from nircolor.model.config import ModelConfig
from nircolor.model.ensemble import PriorEnsemble, RGBEnsemble
from nircolor.model.layers import ResBlock
from nircolor.model.prior import Encoder, PretrainedPrior, Up
from nircolor.model.pyramid import Pyramid
from nircolor.model.rgb import RGBBranch
from nircolor.model.spade import SpadeResBlock
from nircolor.model.vss import VSSBlock
from nircolor.twin.graph import Graph
from nircolor.twin.layers import conv, criss_cross, encoder, enlarged, laplacian, reduced, res_block, silu, spade_block
from nircolor.twin.vss import vss_block

LEAST_TWIN = "of the kind of `lite`: a pretrained encoder, channel norms and an affine head"


def model_of(network: Generator) -> onnx.ModelProto:
    """``view`` (b, 1, H, W) -> ``prior`` (b, P, H / 4, W / 4), and ``nir`` (b, 1, H, W) with ``hint`` (b, P, H, W)
    -> ``maps`` (b, 6, H, W): the two branches, whose sides are a multiple of ``config.multiple``.

    Raises UsageError for a network of another kind than ``lite``'s.
    """
    _check(network.config)
    g = Graph()
    priors, painters = _members(network.prior_branch), _members(network.rgb_branch)
    channels = 3 + network.config.prior_features
    made = [_prior(g, "view", cast(PretrainedPrior, member)) for member in priors]
    prior = made[0] if len(made) == 1 else g.op("Concat", *made, axis=1)
    hints = ["hint"] if len(painters) == 1 else g.split("hint", 1, *[channels] * len(painters))
    each = [_maps(g, "nir", hint, cast(RGBBranch, member)) for hint, member in zip(hints, painters, strict=True)]
    maps = each[0] if len(each) == 1 else g.op("Mean", *each)
    width = channels * len(priors)
    return g.model([("view", 1), ("nir", 1), ("hint", width)], {"prior": (prior, width), "maps": (maps, 6)})


def _check(config: ModelConfig) -> None:
    fits = config.norm == "channel" and config.head == "affine" and config.rgb.kind == "mamba"
    if not fits or not config.prior.kind.startswith("efficientnet"):
        raise UsageError(f"an ONNX file is made only of networks {LEAST_TWIN}; {config.name} is another")


def _members(branch: nn.Module) -> list[nn.Module]:
    return list(branch.members) if isinstance(branch, PriorEnsemble | RGBEnsemble) else [branch]


def _prior(g: Graph, nir: str, branch: PretrainedPrior) -> str:
    out = _pyramid(g, g.op("Concat", nir, nir, nir, axis=1), branch.pyramid)
    cone, value, rest = g.split(out, 1, 2, 1, branch.pyramid.head.out_channels - 3) if _has_features(branch) else (
        *g.split(out, 1, 2, 1), "")
    value = g.sum(value, reduced(g, nir, 4))
    return str(g.op("Concat", cone, value, *([rest] if rest else []), axis=1))


def _has_features(branch: PretrainedPrior) -> bool:
    return branch.pyramid.head.out_channels > 3


def _pyramid(g: Graph, picture: str, network: Pyramid) -> str:
    found = encoder(g, picture, network.encoder)
    maps = [conv(g, x, cast(nn.Conv2d, lateral)) for x, lateral in zip(found, network.laterals, strict=True)]
    levels, ups = list(network.levels), list(network.ups)
    x = _level(g, maps.pop(), levels[-1])
    for level, up in zip(reversed(levels[:-1]), reversed(ups), strict=True):
        x = enlarged(g, conv(g, x, cast(nn.Conv2d, up)))
        x = _level(g, g.sum(x, maps.pop()), level)
    return conv(g, x, network.head)


def _level(g: Graph, x: str, level: nn.Module) -> str:
    for block in level.children():
        x = vss_block(g, x, block) if isinstance(block, VSSBlock) else res_block(g, x, cast(ResBlock, block))
    return x


def _maps(g: Graph, nir: str, prior: str, branch: RGBBranch) -> str:
    texture = g.op("Concat", nir, laplacian(g, nir), axis=1)
    *maps, x = _encoded(g, conv(g, texture, branch.stem), branch.encoder)
    priors = [reduced(g, prior, branch.config.rgb.stride)]
    for _ in branch.ups:
        priors.append(reduced(g, priors[-1], 2))
    stages = list(zip(branch.decoder, range(len(priors) - 1, -1, -1), strict=True))
    x = _stage(g, x, priors[-1], branch, *stages[0])
    for up, stage in zip(branch.ups, stages[1:], strict=True):
        x = _stage(g, g.sum(_up(g, x, up), maps.pop()), priors[stage[1]], branch, *stage)
    x = _up(g, x, branch.widen) if isinstance(branch.widen, Up) else conv(g, x, branch.widen)
    x = _fused(g, x, texture, prior, branch)
    x = criss_cross(g, x, branch.criss_cross) if branch.config.criss_cross == 0 else x
    return conv(g, x, branch.head)


def _encoded(g: Graph, x: str, network: Encoder) -> list[str]:
    levels = list(network.levels)
    maps = [_level(g, x, levels[0])]
    for down, level in zip(network.downs, levels[1:], strict=True):
        maps.append(_level(g, conv(g, maps[-1], cast(nn.Conv2d, down)), level))
    return maps


def _up(g: Graph, x: str, layer: nn.Module) -> str:
    return enlarged(g, conv(g, x, cast(Up, layer).mix))


def _stage(g: Graph, x: str, prior: str, branch: RGBBranch, block: nn.Module, level: int) -> str:
    """One stage of the decoder."""
    x = spade_block(g, x, prior, block) if isinstance(block, SpadeResBlock) else res_block(g, x, cast(ResBlock, block))
    return criss_cross(g, x, branch.criss_cross) if level == branch.config.criss_cross - 1 else x


def _fused(g: Graph, x: str, texture: str, prior: str, branch: RGBBranch) -> str:
    fusion = branch.fusion
    y = conv(g, texture, fusion.texture)
    y = y if fusion.modulate is None else spade_block(g, y, prior, fusion.modulate)
    return silu(g, conv(g, g.op("Concat", x, y, axis=1), fusion.join))
