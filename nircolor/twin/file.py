"""The file of a twin: weights as an ONNX model, beside the safetensors that it was made from. Bytes in, bytes out.

    nircolor-lite.safetensors      what counts
    nircolor-lite.onnx             the same network for onnxruntime, which needs no torch

Its metadata: ``weights``, the SHA-256 of the safetensors file, so that no other weights are taken for them; ``probe``,
what a small picture has to become, so that a runtime that computes something else is found out; and, as the last bytes
of the file, ``checksum``, the SHA-256 of all before them.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import WeightsError
from nircolor.small_file import read_small

TWIN_SUFFIX = ".onnx"
WEIGHTS, PROBE = "weights", "probe"
TOLERANCE = 1e-3  # of maps, whose values are about as large as those of pictures
ROUGHLY = 0.03  # of colours that are made from whole numbers, which processors round differently
COEFFICIENTS, PAINTING = "coefficients", "painting"  # of the graph of an ``Edge``: see ``twin/edge.py``
REMEDY = "make it again with `nircolor weights export NAME OUT.onnx`"

# Field 14 of a model (metadata) with an entry of 76 bytes: key (10 bytes), value (64 digits).
_SEAL = b"\x72\x4c\x0a\x08checksum\x12\x40"
_LENGTH = len(_SEAL) + 64
# Field 7 of a model (its graph) with an input (field 11), one truth value, and an output (field 12), floats.
_INPUT = b"\x0a\x08painting\x12\x0a\x0a\x08\x08\x09\x12\x04\x0a\x02\x08\x01"
_OUTPUT = b"\x0a\x0ccoefficients\x12\x04\x0a\x02\x08\x01"
_MOST = 2 << 30  # bytes: protobuf reads no larger message
_SAMPLES = 64  # of each branch, that a probe compares
_SIDE, _WIDE = 64, 96  # of the picture of a probe


def twin_of(weights: Path) -> Path:
    """Where the twin of a weights file lies, if there is one."""
    return weights.with_suffix(TWIN_SUFFIX)


def sealed(model: bytes) -> bytes:
    """A serialized model with its checksum: still a model, since messages of protobuf go on where others end."""
    return model + _seal(model)


def _seal(model: bytes | memoryview) -> bytes:
    return _SEAL + hashlib.sha256(model).hexdigest().encode()


def read_sealed(path: Path) -> bytes:
    """The whole file, unharmed. Raises WeightsError."""
    try:
        data = read_small(path, _MOST)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WeightsError(f"cannot be read ({reason})", path=path, remedy=REMEDY) from error
    seal = data[-_LENGTH:]
    if not re.fullmatch(re.escape(_SEAL) + b"[0-9a-f]{64}", seal):
        raise WeightsError("is no ONNX file of nircolor, or is cut off", path=path, remedy=REMEDY)
    if seal != _seal(memoryview(data)[:-_LENGTH]):
        raise WeightsError("is damaged: its checksum does not match its content", path=path, remedy=REMEDY)
    return data


def half_way(model: bytes) -> bytes:
    """The serialized model of an ``Edge`` with one more output, ``coefficients`` (1, 9, h, w), from which it paints,
    and an input, ``painting``: false spares it that. Nobody else has to know of them, and again it is a model."""
    graph = bytes([0x5A, len(_INPUT)]) + _INPUT + bytes([0x62, len(_OUTPUT)]) + _OUTPUT
    return model + bytes([0x3A, len(graph)]) + graph


def probe_picture() -> NDArray[np.float32]:
    """(1, 1, 64, 96) in [0, 1]: edges of all directions."""
    y, x = np.mgrid[:_SIDE, :_WIDE]
    return np.asarray((y * 7 + x * 13 + y * x // 16) % 32 / 31, np.float32)[None, None]


def probe_prior(prior: NDArray[np.float32]) -> NDArray[np.float32]:
    """The prior of a probe at a quarter of its size -> at its size."""
    return prior.repeat(_SIDE // prior.shape[-2], -2).repeat(_WIDE // prior.shape[-1], -1)


def samples(maps: NDArray[np.float32]) -> list[float]:
    """Some of the numbers, evenly spread."""
    flat = maps.reshape(-1)
    return [round(float(value), 6) for value in flat[:: max(1, len(flat) // _SAMPLES)]]
