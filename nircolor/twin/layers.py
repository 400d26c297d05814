"""The layers of ``model/`` as ONNX operators. ``norm`` is channel norm throughout: its maps do not depend on a tile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from nircolor.model.channel_norm import EPSILON
from nircolor.model.crisscross import CrissCrossAttention
from nircolor.model.efficientnet import EfficientNetLite, InvertedResidual, SameConv
from nircolor.model.layers import ChannelNorm, ResBlock
from nircolor.model.spade import Spade, SpadeResBlock
from nircolor.twin.graph import Graph


def array(x: Tensor) -> NDArray[np.float32]:
    return np.asarray(x.detach().float().cpu().numpy())


def conv(g: Graph, x: str, layer: nn.Conv2d) -> str:
    numbers = [g.weight(array(layer.weight)), *([] if layer.bias is None else [g.weight(array(layer.bias))])]
    return str(g.op("Conv", x, *numbers, **padding(layer)))


def padding(layer: nn.Conv2d) -> dict[str, Any]:
    """Attributes of the operator."""
    before = after = int(layer.padding[0])
    if isinstance(layer, SameConv) and layer.stride[0] == 2:
        after = layer.kernel_size[0] // 2
        before = after - 1
    return {"pads": [before, before, after, after], "strides": list(layer.stride), "group": layer.groups}


def linear(g: Graph, x: str, layer: nn.Linear) -> str:
    """On the channels of each pixel."""
    kernel = g.weight(array(layer.weight)[:, :, None, None])
    return str(g.op("Conv", x, kernel, *([] if layer.bias is None else [g.weight(array(layer.bias))])))


def scaled(g: Graph, x: str, scale: Tensor) -> str:
    """Times a number for each channel."""
    return str(g.op("Mul", x, g.weight(array(scale)[:, None, None])))


def silu(g: Graph, x: str) -> str:
    return str(g.op("Mul", x, g.op("Sigmoid", x)))


def relu6(g: Graph, x: str) -> str:
    return str(g.op("Clip", x, g.floats(0), g.floats(6)))


def laplacian(g: Graph, nir: str) -> str:
    kernel = np.full((1, 1, 3, 3), -1.0)
    kernel[0, 0, 1, 1] = 8.0
    padded = g.op("Pad", nir, g.ints(0, 0, 1, 1, 0, 0, 1, 1), mode="edge")
    return str(g.op("Conv", padded, g.floats(kernel)))


def enlarged(g: Graph, x: str, times: int = 2) -> str:
    """Bilinear, pixel centres aligned."""
    return g.resized(x, "", g.floats([1, 1, times, times]))


def twice(g: Graph, x: str) -> str:
    """Each number four times."""
    place = "asymmetric"
    return str(g.op("Resize", x, "", g.floats([1, 1, 2, 2]), mode="nearest", coordinate_transformation_mode=place))


def reduced(g: Graph, x: str, times: int) -> str:
    """Means of squares."""
    return x if times == 1 else str(g.op("AveragePool", x, kernel_shape=[times, times], strides=[times, times]))


def norm(g: Graph, x: str, weight: Tensor | None = None, bias: Tensor | None = None, epsilon: float = EPSILON) -> str:
    """Each pixel over its channels; also ``nn.LayerNorm`` of maps whose channels are last in torch."""
    off = g.op("Sub", x, g.op("ReduceMean", x, g.ints(1)))
    variance = g.op("ReduceMean", g.op("Mul", off, off), g.ints(1))
    y = g.op("Div", off, g.op("Sqrt", g.op("Add", variance, g.floats(epsilon))))
    y = y if weight is None else scaled(g, y, weight)
    return y if bias is None else str(g.op("Add", y, g.weight(array(bias)[:, None, None])))


def layer_norm(g: Graph, x: str, layer: nn.LayerNorm | ChannelNorm) -> str:
    return norm(g, x, layer.weight, layer.bias, getattr(layer, "eps", EPSILON))


def res_block(g: Graph, x: str, block: ResBlock) -> str:
    y = conv(g, silu(g, layer_norm(g, x, _channel(block.norm1))), block.conv1)
    y = conv(g, silu(g, layer_norm(g, y, _channel(block.norm2))), block.conv2)
    return g.sum(_skip(g, x, block.skip), y)


def spade(g: Graph, x: str, prior: str, layer: Spade) -> str:
    """SiLU follows."""
    modulation = conv(g, silu(g, conv(g, prior, layer.shared)), layer.modulation)
    channels = layer.modulation.out_channels // 2
    gamma, beta = g.split(modulation, 1, channels, channels)
    y = g.op("Mul", norm(g, x), g.op("Add", gamma, g.floats(1)))
    return silu(g, g.op("Add", y, beta))


def spade_block(g: Graph, x: str, prior: str, block: SpadeResBlock) -> str:
    y = conv(g, spade(g, x, prior, block.spade1), block.conv1)
    y = conv(g, spade(g, y, prior, block.spade2), block.conv2)
    return g.sum(_skip(g, x, block.skip), y)


def encoder(g: Graph, picture: str, network: EfficientNetLite, seen: Sequence[str] = (), levels: int = 4) -> list[str]:
    """A picture (b, 3, H, W) in [0, 1] -> maps at strides 4, 8, 16 and 32, or the first of them. ``seen``: of
    these the ones that are there already."""
    maps, taps = list(seen), network.layout.taps[:levels]
    begin = taps[len(maps) - 1] + 1 if maps else 0
    x = maps[-1] if maps else _stem(g, picture, network)
    for i in range(begin, taps[-1] + 1):
        x = _inverted(g, x, network.blocks[i])
        if i in taps:
            maps.append(x)
    return maps


def _stem(g: Graph, picture: str, network: EfficientNetLite) -> str:
    shifted = g.op("Div", g.op("Sub", g.op("Mul", picture, g.floats(255)), g.floats(127)), g.floats(128))
    return relu6(g, conv(g, shifted, network.stem))


def _inverted(g: Graph, x: str, block: Any) -> str:
    assert isinstance(block, InvertedResidual)
    y = x if block.expand is None else relu6(g, conv(g, x, block.expand))
    y = conv(g, relu6(g, conv(g, y, block.depthwise)), block.project)
    return g.sum(x, y) if block.skips else y


def criss_cross(g: Graph, x: str, layer: CrissCrossAttention) -> str:
    q, k, v = (g.turn(conv(g, x, part), 0, 2, 3, 1) for part in (layer.query, layer.key, layer.value))  # (b, H, W, c)
    in_row = g.op("MatMul", q, g.turn(k, 0, 1, 3, 2))  # (b, H, W, W)
    in_column = g.op("MatMul", g.turn(q, 0, 2, 1, 3), g.turn(k, 0, 2, 3, 1))  # (b, W, H, H)
    rows = g.line(g.size(x, 2))
    itself = g.op("Equal", rows, g.reshape(rows, -1, 1))
    in_column = g.turn(g.op("Where", itself, g.floats(-np.inf), in_column), 0, 2, 1, 3)  # (b, H, W, H)
    weights = g.op("Softmax", g.op("Concat", in_row, in_column, axis=-1), axis=-1)
    sizes = g.op("Concat", g.size(x, 3), g.size(x, 2), axis=0)
    row, column = g.op("Split", weights, sizes, outputs=2, axis=-1)
    across = g.op("MatMul", row, v)
    down = g.turn(g.op("MatMul", g.turn(column, 0, 2, 1, 3), g.turn(v, 0, 2, 1, 3)), 0, 2, 1, 3)
    gathered = g.turn(g.sum(across, down), 0, 3, 1, 2)
    return g.sum(x, g.op("Mul", gathered, g.weight(array(layer.gate))))


def _channel(layer: nn.Module) -> ChannelNorm:
    assert isinstance(layer, ChannelNorm)
    return layer


def _skip(g: Graph, x: str, layer: nn.Module) -> str:
    return conv(g, x, layer) if isinstance(layer, nn.Conv2d) else x
