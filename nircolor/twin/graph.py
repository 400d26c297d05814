"""A graph of ONNX operators, written node by node. Needs ``onnx``, which only exporting does.

Maps are (b, C, H, W) with any b, H and W. A function here or in ``layers.py`` takes the names of values and returns the
name of what it made of them, so that the graph of a network reads as its ``forward`` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

OPSET = 20  # the first with Gelu
IR_VERSION = 9  # that of the same time, which runtimes of today and of some years ago read
FLOAT = onnx.TensorProto.FLOAT


class Graph:
    """Nodes and numbers so far. ``prefix``: of all names, which are told apart even from those of a graph around."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self.nodes: list[onnx.NodeProto] = []
        self.numbers: dict[str, onnx.TensorProto] = {}
        self._count = count()

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """One more node: the name of its output, or the names of several."""
        names = [f"{self._prefix}{kind}_{next(self._count)}" for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def weight(self, values: NDArray[Any]) -> str:
        """Learned numbers, float32 in the graph. Stored in half of the bytes where that changes none of them."""
        exact = np.ascontiguousarray(values, np.float32)
        with np.errstate(over="ignore"):
            half = exact.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), exact):
            return self._number(exact)
        return str(self.op("Cast", self._number(half), to=FLOAT))

    def floats(self, values: Any) -> str:
        """Constant float32 numbers."""
        return self._number(np.asarray(values, np.float32))

    def ints(self, *values: int) -> str:
        """A constant line of whole numbers: sizes, axes, indices."""
        return self._number(np.asarray(values, np.int64))

    def numbers_of(self, values: NDArray[Any]) -> str:
        """Constant numbers of the type that they have."""
        return self._number(np.asarray(values, order="C"))

    def _number(self, values: NDArray[Any]) -> str:
        """Equal numbers are kept once."""
        name = f"{values.dtype}_{values.shape}_{hash(values.tobytes())}"
        if name not in self.numbers:
            self.numbers[name] = numpy_helper.from_array(values, f"{self._prefix}number_{len(self.numbers)}")
        return str(self.numbers[name].name)

    def size(self, x: str, axis: int) -> str:
        """(1,): how long an axis is."""
        return str(self.op("Shape", x, start=axis, end=axis + 1))

    def line(self, length: str) -> str:
        """(n,): 0, 1, ... n - 1, for a ``length`` of (1,)."""
        last = self.op("Squeeze", length)
        return str(self.op("Range", self._number(np.array(0)), last, self._number(np.array(1))))

    def reshape(self, x: str, *shape: int | str) -> str:
        """Sizes are numbers (0: as it is, -1: what is left), or (1,) values."""
        if not any(isinstance(size, str) for size in shape):
            return str(self.op("Reshape", x, self.ints(*(int(size) for size in shape))))
        sizes = [size if isinstance(size, str) else self.ints(size) for size in shape]
        return str(self.op("Reshape", x, self.op("Concat", *sizes, axis=0)))

    def turn(self, x: str, *axes: int) -> str:
        return str(self.op("Transpose", x, perm=list(axes)))

    def part(self, x: str, axis: int, start: int, stop: int, step: int = 1) -> str:
        return str(self.op("Slice", x, *(self.ints(value) for value in (start, stop, axis, step))))

    def split(self, x: str, axis: int, *sizes: int) -> list[str]:
        return list(self.op("Split", x, self.ints(*sizes), outputs=len(sizes), axis=axis))

    def resized(self, x: str, *to: str) -> str:
        """Bilinear, pixel centres aligned. ``to``: as of the operator, an empty region first."""
        mode = "half_pixel"
        return str(self.op("Resize", x, *to, mode="linear", coordinate_transformation_mode=mode))

    def sum(self, *parts: str) -> str:
        """Left to right."""
        first, *others = parts
        for other in others:
            first = self.op("Add", first, other)
        return first

    def within(self, name: str, values: dict[str, str], inputs: Sequence[onnx.ValueInfoProto] = ()) -> onnx.GraphProto:
        """The nodes as the graph of a model, a branch or a loop. ``values``: for each output, what gets its name."""
        self.nodes += [helper.make_node("Identity", [value], [output]) for output, value in values.items()]
        outputs = [helper.make_empty_tensor_value_info(output) for output in values]
        return helper.make_graph(self.nodes, name, list(inputs), outputs, list(self.numbers.values()))


def maps_like(name: str, *shape: str | int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, FLOAT, shape)


def model(graph: onnx.GraphProto, opset: int = OPSET, ir_version: int = IR_VERSION) -> onnx.ModelProto:
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)
