"""ICC profiles made from their definitions, and what colours look like under them: plain arithmetic, no library."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

WHITE = np.array([0.9642, 1.0, 0.8249])  # D50
# columns: what red, green and blue are in XYZ, adapted to D50
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
PROPHOTO = np.array([[0.79767, 0.13519, 0.03135], [0.28804, 0.71187, 0.00009], [0.0, 0.0, 0.82491]])
REC2020 = np.array([[0.67346, 0.16567, 0.12504], [0.27904, 0.67534, 0.04561], [-0.00193, 0.02998, 0.79685]])
_XYZ_TOP = 1 + 32767 / 32768  # the XYZ that 65535 stands for
ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])


def light(values: np.ndarray, gamma: float | None) -> np.ndarray:
    """``gamma`` None: that of sRGB."""
    if gamma is not None:
        return values**gamma
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def coded(amount: np.ndarray, gamma: float | None) -> np.ndarray:
    """The inverse of ``light``."""
    if gamma is not None:
        return amount ** (1 / gamma)
    return np.where(amount <= 0.0031308, amount * 12.92, 1.055 * amount ** (1 / 2.4) - 0.055)


def lab(xyz: np.ndarray) -> np.ndarray:
    """(..., 3) XYZ -> L*, a*, b*, both with the white of D50."""
    t = xyz / WHITE
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


@dataclass(frozen=True)
class Space:
    """A colour space of three primaries. ``points``: entries of a table instead of a number for gamma."""

    primaries: np.ndarray
    gamma: float | None
    points: int = 0

    def looks(self, values: np.ndarray) -> np.ndarray:
        """(..., 3) values -> L*, a*, b*."""
        return lab(light(values, self.gamma) @ self.primaries.T)

    def profile(self) -> bytes:
        columns = [_tag(b"XYZ ", b"".join(map(_fixed, column))) for column in self.primaries.T]
        tags = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True))
        return _profile(b"mntr", b"RGB ", {**tags, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), self.curve())})

    def curve(self) -> bytes:
        return _curve(self.gamma, self.points)


def grey_profile(gamma: float | None) -> bytes:
    return _profile(b"mntr", b"GRAY", {b"kTRC": _curve(gamma, 0 if gamma else 1024)})


def scanner_profile() -> bytes:
    """RGB by a table that leads from the device to colours only: Y is the mean of the channels."""
    corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(8, 3)
    grid, line = corners.mean(axis=1)[:, None] * WHITE / _XYZ_TOP, np.array([0.0, 1.0])
    return _profile(b"scnr", b"RGB ", {b"A2B0": _tables(np.eye(3), line, grid, line)})


def table_profile(primaries: np.ndarray, gamma: float) -> bytes:
    """A display's colours as tables, both ways, instead of primaries and curves."""
    corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(8, 3)
    steps, line = np.linspace(0, 1, 4096), np.array([0.0, 1.0])
    there = _tables(np.eye(3), steps**gamma, corners @ primaries.T / _XYZ_TOP, line)
    back = _tables(np.linalg.inv(primaries) * _XYZ_TOP, line, corners, steps ** (1 / gamma))
    kinds = {b"A2B0": there, b"A2B1": there, b"B2A0": back, b"B2A1": back}
    return _profile(b"mntr", b"RGB ", kinds)


def _tables(matrix: np.ndarray, before: np.ndarray, grid: np.ndarray, after: np.ndarray) -> bytes:
    """A tag of type mft2 with a grid of two points a side."""
    head = struct.pack(">BBBx", 3, 3, 2) + b"".join(map(_fixed, matrix.ravel()))
    steps = (np.rint(np.clip(part, 0, 1) * 65535).astype(">u2").tobytes() for part in (before, grid, after))
    one, two, three = steps
    return _tag(b"mft2", head + struct.pack(">HH", before.size, after.size) + 3 * one + two + 3 * three)


def _curve(gamma: float | None, points: int) -> bytes:
    if not points:
        assert gamma is not None
        return _tag(b"curv", struct.pack(">IHxx", 1, round(gamma * 256)))
    table = np.rint(light(np.linspace(0, 1, points), gamma) * 65535).astype(">u2")
    return _tag(b"curv", struct.pack(">I", points) + table.tobytes())


def _profile(kind: bytes, space: bytes, tags: dict[bytes, bytes]) -> bytes:
    described = b"desc", _tag(b"desc", struct.pack(">I", 5) + b"test\0" + bytes(78))
    entries = {described[0]: described[1], b"wtpt": _tag(b"XYZ ", b"".join(map(_fixed, WHITE))), **tags}
    start, table, content = 128 + 4 + 12 * len(entries), struct.pack(">I", len(entries)), b""
    for name, entry in entries.items():
        table += struct.pack(">4sII", name, start + len(content), len(entry))
        content += entry + bytes(-len(entry) % 4)
    head = struct.pack(
        ">I4sI4s4s4s12s4s", start + len(content), b"test", 0x02400000, kind, space, b"XYZ ", bytes(12), b"acsp"
    )
    return head + bytes(28) + b"".join(map(_fixed, WHITE)) + bytes(48) + table + content


def _tag(kind: bytes, content: bytes) -> bytes:
    return kind + bytes(4) + content


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))
