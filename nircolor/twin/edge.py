"""A network for small machines (``model/edge.py``) as one ONNX graph, from a near-infrared picture to its colours.

    nir (1, 1, H, W) in [0, 1]  ->  rgb (1, 3, H, W) in [0, 1]

with any H and W from 1 up. Its convolutions count in 8 bits, within the ranges of numbers that training
has seen; the last one, and all that is done at full size, is float32. Needs ``onnx``.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from nircolor.ends import BLACK, DARK, WHITE
from nircolor.enlarging import RADIUS, SMOOTH
from nircolor.errors import UsageError
from nircolor.model.edge import MULTIPLE, SHARE, SIDE, Edge, walk
from nircolor.twin.eight_bits import Bits, EightBits
from nircolor.twin.file import COEFFICIENTS, PAINTING
from nircolor.twin.graph import FLOAT, Graph, maps_like, model
from nircolor.twin.layers import conv, reduced, relu6, twice

OPSET, IR_VERSION = 17, 8  # what runtimes on small machines and in browsers read
DOUBLE, WHOLE = onnx.TensorProto.DOUBLE, onnx.TensorProto.INT64


def edge_model(network: Edge, eight_bits: bool = True) -> onnx.ModelProto:
    """The graph. It paints unless the number ``painting`` is false, which ``twin.file.half_way`` makes an input of.

    Without ``eight_bits`` it is float32 throughout. Raises UsageError for a network that has never been trained.
    """
    if eight_bits and not network.prior_branch.ranges.any():
        raise UsageError("an ONNX file is made only of a network that has been trained; this one knows no ranges")
    g = Graph()
    height, width = g.size("nir", 2), g.size("nir", 3)
    seen = _seen(g, "nir", height, width)
    parts = g.op("Identity", _coefficients(g, _maps(g, seen, network, eight_bits), reduced(g, seen, 2)))
    g.nodes[-1].output[0] = parts = COEFFICIENTS
    rgb = g.op("If", PAINTING, then_branch=_painting("nir", parts, height, width), else_branch=_nothing())
    made = g.within("nircolor", {"rgb": rgb}, [maps_like("nir", 1, 1, "H", "W")])
    made.initializer.append(numpy_helper.from_array(np.array([True]), PAINTING))
    made.output[0].CopyFrom(maps_like("rgb", 1, 3, "H", "W"))
    return model(made, OPSET, IR_VERSION)


def _painting(nir: str, parts: str, height: str, width: str) -> onnx.GraphProto:
    g = Graph("p_")
    return g.within("painting", {"p_rgb": _painted(g, nir, parts, height, width)})


def _nothing() -> onnx.GraphProto:
    g = Graph("n_")
    return g.within("nothing", {"n_rgb": g.floats(np.empty((1, 3, 0, 0)))})


def _seen(g: Graph, nir: str, height: str, width: str) -> str:
    """``look_shape``, and the picture of that size: means that triangles weigh, as wide as it is reduced."""
    sides = [g.op("Cast", side, to=DOUBLE) for side in (height, width)]
    scale = g.op("Div", g.numbers_of(_double(SIDE)), g.op("Sqrt", g.op("Mul", *sides)))
    scale = g.op("Min", scale, g.numbers_of(_double(SHARE)))
    rows, columns = (_weights(g, side, _look(g, side, scale)) for side in sides)
    picture = g.op("Squeeze", nir, g.ints(0, 1))
    seen = g.op("MatMul", g.op("MatMul", rows, picture), g.turn(columns, 1, 0))
    return str(g.op("Unsqueeze", seen, g.ints(0, 1)))


def _look(g: Graph, side: str, scale: str) -> str:
    times = g.op("Round", g.op("Div", g.op("Mul", side, scale), g.numbers_of(_double(MULTIPLE))))
    return str(g.op("Mul", g.op("Max", times, g.numbers_of(_double(1))), g.numbers_of(_double(MULTIPLE))))


def _weights(g: Graph, side: str, seen: str) -> str:
    """(n, side), of double numbers of (1,): what each pixel weighs in each of ``seen`` means."""
    half, one = g.numbers_of(_double(0.5)), g.numbers_of(_double(1))
    step = g.op("Div", side, seen)
    lines = [g.op("Cast", g.line(g.op("Cast", n, to=WHOLE)), to=DOUBLE) for n in (seen, side)]
    centres, pixels = (g.op("Add", line, half) for line in lines)
    widest = g.op("Max", step, one)  # of a triangle
    at = [g.op("Cast", g.op("Div", x, widest), to=FLOAT) for x in (g.op("Mul", centres, step), pixels)]
    off = g.op("Sub", g.reshape(at[0], -1, 1), at[1])
    near = g.op("Relu", g.op("Sub", g.floats(1), g.op("Abs", off)))
    return str(g.op("Div", near, g.op("ReduceSum", near, g.ints(1))))


def _maps(g: Graph, seen: str, network: Edge, eight_bits: bool) -> str:
    branch = network.prior_branch
    x = g.op("Div", g.op("Sub", g.op("Mul", seen, g.floats(255)), g.floats(127)), g.floats(128))
    if not eight_bits:
        return conv(g, walk(_Floats(g), branch.pyramid, x), branch.pyramid.head)
    steps = EightBits(g, branch.ranges.tolist())
    return conv(g, steps.floats(walk(steps, branch.pyramid, Bits(x))), branch.pyramid.head)


class _Floats:
    """Steps in float32."""

    def __init__(self, g: Graph) -> None:
        self._g = g

    def given(self, nir: str) -> str:
        return nir

    def conv(self, x: str, layer: nn.Conv2d, bounded: bool) -> str:
        y = conv(self._g, x, layer)
        return relu6(self._g, y) if bounded else y

    def add(self, x: str, y: str) -> str:
        return str(self._g.op("Add", x, y))

    def twice(self, x: str) -> str:
        return twice(self._g, x)


def _coefficients(g: Graph, maps: str, small: str) -> str:
    """As ``Edge.prior``."""
    products = g.op("Mul", g.op("Concat", small, maps, axis=1), small)
    means = _local_mean(g, g.op("Concat", small, maps, products, axis=1))
    mean, mean_maps, mean_square, mean_products = g.split(means, 1, 1, 6, 1, 6)
    variance = g.op("Sub", mean_square, g.op("Mul", mean, mean))
    slope = g.op("Sub", mean_products, g.op("Mul", mean, mean_maps))
    slope = g.op("Div", slope, g.op("Add", variance, g.floats(SMOOTH)))
    level = g.op("Sub", mean_maps, g.op("Mul", slope, mean))
    gains, offsets, gain_levels, offset_levels = g.split(
        _local_mean(g, g.op("Concat", slope, level, axis=1)), 1, 3, 3, 3, 3
    )
    away = g.op("Concat", gains, g.op("Add", gain_levels, offsets), offset_levels, axis=1)
    return str(g.op("Mul", away, _ramp(g, g.op("Mul", mean, g.floats(1 / DARK)))))


def _local_mean(g: Graph, x: str) -> str:
    side = 2 * RADIUS + 1
    padded = g.op("Pad", x, g.ints(0, 0, RADIUS, RADIUS, 0, 0, RADIUS, RADIUS), mode="edge")
    return str(g.op("AveragePool", padded, kernel_shape=[side, side], strides=[1, 1]))


def _painted(g: Graph, nir: str, parts: str, height: str, width: str) -> str:
    """How far each pixel is from grey, a parabola in its value; neutral ends (``ends.py``); in [0, 1]."""
    size = g.op("Concat", g.ints(1, 3), height, width, axis=0)
    second, first, constant = (g.resized(part, "", "", size) for part in g.split(parts, 1, 3, 3, 3))
    away = g.op("Add", g.op("Mul", g.op("Add", g.op("Mul", second, nir), first), nir), constant)
    black = _ramp(g, g.op("Mul", nir, g.floats(1 / BLACK)))
    white = _ramp(g, g.op("Mul", g.op("Sub", g.floats(1), nir), g.floats(1 / WHITE)))
    rgb = g.op("Add", nir, g.op("Mul", away, g.op("Mul", black, white)))
    return str(g.op("Clip", rgb, g.floats(0), g.floats(1)))


def _ramp(g: Graph, x: str) -> str:
    x = g.op("Clip", x, g.floats(0), g.floats(1))
    return str(g.op("Mul", g.op("Mul", x, x), g.op("Sub", g.floats(3), g.op("Mul", g.floats(2), x))))


def _double(value: float) -> NDArray[np.float64]:
    return np.array([value], np.float64)
