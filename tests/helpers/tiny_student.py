"""A network with the interface of the packaged student: 8 bits within, any size, a few colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


def write(path: Path) -> Path:
    """Two convolutions with weights and activations of 8 bits, and the mean of the whole picture."""
    rng = np.random.default_rng(3)
    graph = _Graph()
    small = graph.quantised("nir", 1 / 255, np.uint8)
    features = graph.convolved(small, rng.normal(0, 0.4, (8, 1, 3, 3)), [1, 1, 1, 1])
    features = graph.quantised(graph.add("Relu", features), 2 / 255, np.uint8)
    colours = graph.convolved(features, rng.normal(0, 0.25, (3, 8, 3, 3)), [1, 1, 1, 1])
    colours = graph.quantised(colours, 2 / 127, np.int8)
    mean = graph.add("GlobalAveragePool", "nir")
    tint = graph.add("Mul", mean, graph.constant(np.float32([0.2, 0, -0.2]).reshape(1, 3, 1, 1)))
    shade = graph.add("Add", graph.add("Add", "nir", graph.add("Mul", colours, graph.constant(np.float32(0.3)))), tint)
    graph.add("Clip", shade, graph.constant(np.float32(0)), graph.constant(np.float32(1)), output="rgb")
    onnx.save(graph.model(), path)
    return path


def answer(path: Path, nir: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) -> (H, W, 3): what onnxruntime makes of a picture."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    return np.moveaxis(session.run(["rgb"], {"nir": nir[None, None]})[0][0], 0, -1)


class _Graph:
    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: object) -> str:
        output = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, values: object) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def quantised(self, name: str, scale: float, dtype: type[np.integer]) -> str:
        numbers = self.constant(np.float32(scale)), self.constant(dtype(0))
        return self.add("DequantizeLinear", self.add("QuantizeLinear", name, *numbers), *numbers)

    def convolved(self, name: str, weights: NDArray[np.float64], pads: list[int]) -> str:
        scale = np.float32(np.abs(weights).max() / 127)
        stored = self.constant(np.rint(weights / scale).astype(np.int8))
        kernel = self.add("DequantizeLinear", stored, self.constant(scale), self.constant(np.int8(0)))
        return self.add("Conv", name, kernel, pads=pads)

    def model(self) -> onnx.ModelProto:
        nir = helper.make_tensor_value_info("nir", TensorProto.FLOAT, [1, 1, "H", "W"])
        rgb = helper.make_tensor_value_info("rgb", TensorProto.FLOAT, [1, 3, "H", "W"])
        graph = helper.make_graph(self._nodes, "student", [nir], [rgb], self._constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
