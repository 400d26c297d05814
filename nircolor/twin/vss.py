"""The VSS block as ONNX operators: agent attention by products, the selective scan by the operator Scan.

With as few tokens as the networks here have, a step of the scan is a few operators on the states of all four directions
at once, which stay in the cache.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray
from torch import nn

from nircolor.model.agent import GRID, AgentAttention
from nircolor.model.ssm import SelectiveScan2D
from nircolor.model.vss import VSSBlock
from nircolor.twin.graph import FLOAT, Graph, maps_like
from nircolor.twin.layers import array, conv, layer_norm, linear, scaled, silu

Array = NDArray[np.float32]
STEPS = 8  # of a scan that are done at once
BEGINNING, END = -1, -(1 << 62)  # of an axis that is walked backwards


def vss_block(g: Graph, x: str, block: VSSBlock) -> str:
    """(b, C, H, W) -> (b, C, H, W)."""
    if block.mamba is not None:
        x = g.sum(_mamba(g, x, block), scaled(g, x, block.scale1))
    y = conv(g, layer_norm(g, x, block.norm2), block.conv)
    if isinstance(block.agent, AgentAttention):
        y = agent_attention(g, y, block.agent)
    widen, narrow = cast(nn.Linear, block.mlp[0]), cast(nn.Linear, block.mlp[2])
    y = linear(g, g.op("Gelu", linear(g, y, widen)), narrow)
    return g.sum(y, scaled(g, x, block.scale2))


def _mamba(g: Graph, x: str, block: VSSBlock) -> str:
    mamba = block.mamba
    assert mamba is not None
    inner = mamba.out.in_features
    scanned, gate = g.split(linear(g, layer_norm(g, x, mamba.norm1), mamba.into), 1, inner, inner)
    scanned = cross_scan(g, silu(g, conv(g, scanned, mamba.depthwise)), mamba.scan)
    return linear(g, g.op("Mul", layer_norm(g, scanned, mamba.norm_scan), silu(g, gate)), mamba.out)


def cross_scan(g: Graph, x: str, layer: SelectiveScan2D) -> str:
    """(b, d, H, W) -> (b, d, H, W): framed by the token, scanned in four directions, cropped."""
    x = x if layer.token is None else _framed(g, x, array(layer.token))
    d, rank, N = layer.D.shape[1], layer.rank, layer.state
    height, width = g.size(x, 2), g.size(x, 3)
    u = _directions(g, [x] * 4)  # (S, K, b, 4, d): the order in which each direction comes by, K = STEPS at once
    seen = g.split(linear(g, x, layer.into), 1, *[rank + 2 * N] * 4)
    low, B, C = g.split(_directions(g, seen), -1, rank, N, N)
    steps = g.op("MatMul", _standing(g, low, -2), g.weight(array(layer.step_weight).transpose(0, 2, 1)))
    delta = softplus(g, g.op("Add", steps, g.weight(array(layer.step_bias)[:, None])))  # (S, K, b, 4, 1, d)
    u, A = _standing(g, u, -2), -np.exp(array(layer.A_log)).transpose(0, 2, 1)
    y = _scan(g, delta, g.op("Mul", delta, u), _standing(g, B, -1), _standing(g, C, -2), A)
    y = g.op("Squeeze", g.op("Add", y, g.op("Mul", u, g.weight(array(layer.D)[:, None]))), g.ints(-2))
    y = _together(g, y, d, height, width)
    if layer.token is None:
        return y
    return g.part(g.part(y, 2, 1, -1), 3, 1, -1)


def _framed(g: Graph, x: str, token: Array) -> str:
    around = g.ints(0, 0, 1, 1, 0, 0, 1, 1)
    inside = g.op("Expand", g.floats([[[[0]]]]), g.op("Concat", g.ints(1, 1), g.size(x, 2), g.size(x, 3), axis=0))
    frame = g.op("Pad", inside, around, g.floats(1))
    return g.sum(g.op("Pad", x, around, g.floats(0)), g.op("Mul", frame, g.weight(token[:, None, None])))


def _directions(g: Graph, maps: list[str]) -> str:
    """Four maps (b, c, H, W) -> (S, K, b, 4, c): along rows, along columns, and both backwards; what is there beyond
    the last pixel changes none before it."""
    flat = [g.reshape(x if i % 2 == 0 else g.turn(x, 0, 1, 3, 2), 0, 0, -1) for i, x in enumerate(maps)]
    ways = [x if i < 2 else g.part(x, 2, BEGINNING, END, -1) for i, x in enumerate(flat)]
    line = g.turn(g.op("Concat", *(_standing(g, x, 1) for x in ways), axis=1), 3, 0, 1, 2)  # (L, b, 4, c)
    missing = g.op("Mod", g.op("Neg", g.size(line, 0)), g.ints(STEPS))
    line = g.op("Pad", line, g.op("Concat", g.ints(0, 0, 0, 0), missing, g.ints(0, 0, 0), axis=0))
    return g.reshape(line, -1, STEPS, g.size(line, 1), g.size(line, 2), g.size(line, 3))


def _together(g: Graph, y: str, d: int, height: str, width: str) -> str:
    """(S, K, b, 4, d) -> (b, d, H, W): the inverse of ``_directions``, and the sum of the four."""
    line = g.reshape(y, -1, g.size(y, 2), 4, d)
    line = g.op("Slice", line, g.ints(0), g.op("Mul", height, width), g.ints(0))
    ways = g.split(g.turn(line, 1, 2, 3, 0), 1, 1, 1, 1, 1)  # (b, 1, d, L) each
    pairs = zip(ways[:2], ways[2:], strict=True)
    ahead = [g.op("Add", way, g.part(back, 3, BEGINNING, END, -1)) for way, back in pairs]
    rows, columns = (g.op("Squeeze", way, g.ints(1)) for way in ahead)
    columns = g.turn(g.reshape(columns, 0, 0, width, height), 0, 1, 3, 2)
    return g.sum(g.reshape(rows, 0, 0, height, width), columns)


def _standing(g: Graph, x: str, axis: int) -> str:
    """With one more axis, so that products spread along the one beside it: in the order in which memory lies."""
    return str(g.op("Unsqueeze", x, g.ints(axis)))


def softplus(g: Graph, x: str) -> str:
    """max(x, 0) + log(1 + exp(-|x|)): runtimes have fast code for these, and none for Softplus."""
    tail = g.op("Log", g.op("Add", g.op("Exp", g.op("Neg", g.op("Abs", x))), g.floats(1)))
    return g.sum(g.op("Relu", x), tail)


def _scan(g: Graph, delta: str, drive: str, B: str, C: str, A: Array) -> str:
    """h_t = exp(delta_t A) h_(t-1) + B_t drive_t;  y_t = C_t h_t. delta, drive: (S, K, b, 4, 1, d); B: (S, K, b, 4, N,
    1); C: (S, K, b, 4, 1, N); A: (4, N, d) -> y (S, K, b, 4, 1, d)."""
    directions, N, d = A.shape
    body = Graph(f"step_{len(g.nodes)}_")
    decays = body.split(body.op("Exp", body.op("Mul", "delta", body.floats(A))), 0, *[1] * STEPS)
    added, states = body.split(body.op("Mul", "B", "drive"), 0, *[1] * STEPS), ["h"]
    for decay, more in zip(decays, added, strict=True):
        states.append(body.op("Add", body.op("Mul", decay, states[-1]), more))
    y = body.op("MatMul", "C", body.op("Concat", *states[1:], axis=0))
    sizes = {"h": (1, N, d), "delta": (STEPS, 1, d), "drive": (STEPS, 1, d), "B": (STEPS, N, 1), "C": (STEPS, 1, N)}
    values = [maps_like(name, size[0], "b", directions, *size[1:]) for name, size in sizes.items()]
    step = body.within("steps", {"state": states[-1], "y": y}, values)
    start = g.op("Expand", g.floats(0), g.op("Concat", g.ints(1), g.size(delta, 2), g.ints(directions, N, d), axis=0))
    _, y = g.op("Scan", start, delta, drive, B, C, outputs=2, body=step, num_scan_inputs=4)
    return str(y)


def agent_attention(g: Graph, x: str, layer: AgentAttention) -> str:
    """(b, C, H, W) -> (b, C, H, W)."""
    channels, heads = layer.out.in_features, layer.heads
    q, k, v = g.split(linear(g, x, layer.qkv), 1, channels, channels, channels)
    height, width = g.size(x, 2), g.size(x, 3)
    pooled = g.op("MatMul", g.op("MatMul", _pooling(g, height), q), g.turn(_pooling(g, width), 1, 0))  # (b, C, 7, 7)
    each = channels // heads
    agents, queries, keys, values = (g.reshape(y, 0, heads, each, -1) for y in (pooled, q, k, v))
    agents = g.op("Mul", agents, g.floats(each**-0.5))
    asked = g.turn(agents, 0, 1, 3, 2)  # (b, heads, 49, c)
    gather = g.op("Add", g.op("MatMul", asked, keys), _bias(g, layer.gather_bias, heads, height, width))
    gathered = g.op("MatMul", g.op("Softmax", gather, axis=-1), g.turn(values, 0, 1, 3, 2))  # (b, heads, 49, c)
    hand = g.op("Add", g.op("MatMul", asked, queries), _bias(g, layer.hand_bias, heads, height, width))
    handed = g.op("MatMul", g.turn(gathered, 0, 1, 3, 2), g.op("Softmax", hand, axis=-2))  # (b, heads, c, H W)
    y = g.reshape(handed, 0, channels, height, width)
    return linear(g, g.sum(y, conv(g, v, layer.local)), layer.out)


def _pooling(g: Graph, length: str) -> str:
    """(7, n): the weights of adaptive average pooling of n samples."""
    at = np.arange(GRID)
    first = g.op("Div", g.op("Mul", length, g.ints(*at)), g.ints(GRID))
    last = g.op("Div", g.op("Add", g.op("Mul", length, g.ints(*(at + 1))), g.ints(GRID - 1)), g.ints(GRID))
    first, last, line = g.reshape(first, -1, 1), g.reshape(last, -1, 1), g.line(length)
    inside = g.op("And", g.op("GreaterOrEqual", line, first), g.op("Less", line, last))
    count = g.op("Cast", g.op("Sub", last, first), to=FLOAT)
    return str(g.op("Div", g.op("Cast", inside, to=FLOAT), count))


def _bias(g: Graph, layer: object, heads: int, height: str, width: str) -> str:
    """(heads, 49, H W)."""
    one, parts = g.ints(1), []
    for name, sizes in (("grid", (height, width)), ("row", (height, one)), ("column", (one, width))):
        size = g.op("Concat", g.ints(heads, GRID * GRID), *sizes, axis=0)
        parts.append(g.resized(g.weight(array(getattr(layer, name))), "", "", size))
    return g.reshape(g.sum(*parts), heads, GRID * GRID, -1)
