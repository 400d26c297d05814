"""G_B and G_A as the two branches of one ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import onnx
from torch import nn

from nircolor.errors import UsageError
from nircolor.model import Generator
from nircolor.model.config import ModelConfig
from nircolor.model.efficientnet import SEEN
from nircolor.model.ensemble import PriorEnsemble, RGBEnsemble
from nircolor.model.layers import ResBlock
from nircolor.model.prior import Encoder, PretrainedPrior, Up
from nircolor.model.pyramid import Pyramid
from nircolor.model.rgb import RGBBranch
from nircolor.model.spade import SpadeResBlock
from nircolor.model.vss import VSSBlock
from nircolor.twin.graph import Graph, maps_like, model
from nircolor.twin.layers import conv, criss_cross, encoder, enlarged, laplacian, reduced, res_block, silu, spade_block
from nircolor.twin.vss import vss_block

LEAST_TWIN = "of the kind of `lite`: a pretrained encoder, channel norms and an affine head"


def model_of(network: Generator) -> onnx.ModelProto:
    """Two networks in one: what it makes of ``nir`` (b, 1, H, W) depends on ``prior`` (b, P, h, w).

    Where that has no pixels, h = w = 0, G_B makes it: (b, P, H / 4, W / 4); with h = 0 and w = 1 only what its encoder
    sees, (b, C, H / 16, W / 16). Else, with h = H and w = W, G_A makes the maps: (b, 6, H, W). H and W are multiples of
    ``config.multiple``. Raises UsageError for a network of another kind than that of ``lite``.
    """
    _check(network.config)
    g, channels = Graph(), 3 + network.config.prior_features
    seen = _is_some(g, g.size("prior", 2))
    made = g.op("If", seen, then_branch=_painting(network, channels), else_branch=_deciding(network))
    width = channels * len(_members(network.prior_branch))
    inputs = [maps_like("nir", "b", 1, "H", "W"), maps_like("prior", "b", width, "h", "w")]
    graph = g.within("nircolor", {"maps": made}, inputs)
    graph.output[0].CopyFrom(maps_like("maps", "b", "C", "rows", "columns"))
    return model(graph)


def _deciding(network: Generator) -> onnx.GraphProto:
    """What the encoder of G_B sees, and, if it is asked for, what G_B, or those of an ensemble, make of it."""
    g, rest = Graph("b_"), Graph("c_")
    first, *others = (cast(PretrainedPrior, member) for member in _members(network.prior_branch))
    seen = encoder(g, _picture(g), first.pyramid.encoder, levels=SEEN)
    made = [_prior(rest, first, seen), *(_prior(rest, member) for member in others)]
    whole = rest.within("G_B", {"c_made": rest.op("Concat", *made, axis=1)})
    alone = Graph("s_").within("features", {"s_made": seen[-1]})
    asked = g.op("If", _is_some(g, g.size("prior", 3)), then_branch=alone, else_branch=whole)
    return g.within("deciding", {"b_made": asked})


def _is_some(g: Graph, size: str) -> str:
    """Whether (1,) is more than 0."""
    return str(g.op("Greater", g.op("Squeeze", size), g.op("Squeeze", g.ints(0))))


def _picture(g: Graph) -> str:
    return str(g.op("Concat", "nir", "nir", "nir", axis=1))


def _painting(network: Generator, channels: int) -> onnx.GraphProto:
    """G_A, or the mean of those of an ensemble, each with its own prior."""
    g, members = Graph("a_"), _members(network.rgb_branch)
    priors = [g.part("prior", 1, i * channels, (i + 1) * channels) for i in range(len(members))]
    made = [_maps(g, "nir", prior, cast(RGBBranch, member)) for prior, member in zip(priors, members, strict=True)]
    return g.within("G_A", {"a_made": g.op("Mean", *made)})


def _check(config: ModelConfig) -> None:
    fits = config.norm == "channel" and config.head == "affine" and config.rgb.kind == "mamba"
    if not fits or not config.prior.kind.startswith("efficientnet"):
        raise UsageError(f"an ONNX file is made only of networks {LEAST_TWIN}; {config.name} is another")


def _members(branch: nn.Module) -> list[nn.Module]:
    return list(branch.members) if isinstance(branch, PriorEnsemble | RGBEnsemble) else [branch]


def _prior(g: Graph, branch: PretrainedPrior, seen: Sequence[str] = ()) -> str:
    """``seen``: the first maps of its encoder, if they are there already."""
    out = _pyramid(g, encoder(g, _picture(g), branch.pyramid.encoder, seen), branch.pyramid)
    features = branch.pyramid.head.out_channels - 3
    cone, value, *others = g.split(out, 1, 2, 1, *([features] if features else []))
    return str(g.op("Concat", cone, g.sum(value, reduced(g, "nir", 4)), *others, axis=1))


def _pyramid(g: Graph, found: Sequence[str], network: Pyramid) -> str:
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
