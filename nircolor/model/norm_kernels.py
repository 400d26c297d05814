"""Numba kernels of the channel norm, what scales and shifts it, and the SiLU behind it: one pass over memory each way.

torch's layer norm is made for long rows; ours have 12 to 320 channels. Here a tile of pixels is turned over into
scratch memory, where each channel is a run of vector registers over the pixels: no horizontal sums, and one kernel for
any number of channels. Arithmetic is in float32; bfloat16 comes as uint16. The kernels release the GIL and own no
threads (``threads.spread`` does). Compiled on first use, then cached on disk.

Arguments of both: x (pixels, C); modulation (pixels, 2 C), or (1, 2 C) for all pixels, scale then shift; base, added to
the scale; silu, whether SiLU follows; scratch, aligned, of (2 C + 8) * TILE; units (n, 2) int64 of the work's number
and its first pixel, of UNIT pixels each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nircolor.scan.arithmetic import LOG2E, F, exp2, jit, narrow, widen

TILE = 256  # pixels turned over together
UNIT = 4 * TILE  # pixels of a piece of work; fixed, so that sums do not depend on the number of threads
EPSILON = F(1e-5)
FAST = {"contract", "nsz", "reassoc", "arcp"}  # a NaN stays one, for the trainer to see


@jit(FAST)
def sigmoid(x: Any) -> Any:
    z = exp2(-abs(x) * LOG2E)
    return (F(1) if x > F(0) else z) / (F(1) + z)


@jit(FAST)
def load(strided: Any, column: Any) -> None:
    """One channel of a tile of pixels, into scratch memory."""
    for j in range(strided.shape[0]):
        column[j] = widen(strided[j])


@jit(FAST)
def store(column: Any, strided: Any) -> None:
    for j in range(strided.shape[0]):
        strided[j] = narrow(column[j], strided[j])


@jit(FAST)
def load_modulation(modulation: Any, c: Any, first: Any, last: Any, base: Any, scale: Any, shift: Any) -> None:
    C = modulation.shape[1] // 2
    if modulation.shape[0] > 1:
        load(modulation[first:last, c], scale)
        load(modulation[first:last, C + c], shift)
    else:
        scale[:] = widen(modulation[0, c])
        shift[:] = widen(modulation[0, C + c])
    for j in range(TILE):
        scale[j] += base


@jit(FAST)
def load_normalised(x: Any, first: Any, last: Any, tile: Any, mean: Any, inverse: Any) -> None:
    """x, centred, into tile (C * TILE,), and 1 / standard deviation into inverse (TILE,)."""
    C = x.shape[1]
    mean[:] = F(0)
    inverse[:] = F(0)
    for c in range(C):
        row = tile[c * TILE : (c + 1) * TILE]
        load(x[first:last, c], row)
        for j in range(TILE):
            mean[j] += row[j]
    for j in range(TILE):
        mean[j] /= F(C)
    for c in range(C):
        row = tile[c * TILE : (c + 1) * TILE]
        for j in range(TILE):
            row[j] -= mean[j]
            inverse[j] += row[j] * row[j]
    for j in range(TILE):
        inverse[j] = F(1) / np.sqrt(inverse[j] / F(C) + EPSILON)


@jit(FAST)
def forward(x: Any, modulation: Any, base: Any, silu: Any, scratch: Any, units: Any, y: Any) -> None:
    """y (pixels, C) = f(scale * norm(x) + shift), written."""
    C = x.shape[1]
    scratch[:] = F(0)
    tile, rest = scratch[: C * TILE], scratch[2 * C * TILE :]
    mean, inverse = rest[:TILE], rest[TILE : 2 * TILE]
    scale, shift = rest[2 * TILE : 3 * TILE], rest[3 * TILE : 4 * TILE]
    for i in range(units.shape[0]):
        end = min(units[i, 1] + UNIT, x.shape[0])
        for first in range(units[i, 1], end, TILE):
            last = min(first + TILE, end)
            load_normalised(x, first, last, tile, mean, inverse)
            for c in range(C):
                row = tile[c * TILE : (c + 1) * TILE]
                load_modulation(modulation, c, first, last, base, scale, shift)
                for j in range(TILE):
                    row[j] = row[j] * inverse[j] * scale[j] + shift[j]
                if silu:
                    for j in range(TILE):
                        row[j] *= sigmoid(row[j])
                store(row, y[first:last, c])


@jit(FAST)
def backward(
    x: Any, modulation: Any, base: Any, silu: Any, scratch: Any, units: Any,
    grad_y: Any, grad_x: Any, grad_modulation: Any, grad_sums: Any,
) -> None:  # fmt: skip
    """From grad_y (pixels, C), written: grad_x alike; grad_modulation (pixels, 2 C), unless the modulation has one row;
    grad_sums (units, 2 C), float32, the sums over the pixels of a unit."""
    C = x.shape[1]
    pixelwise = modulation.shape[0] > 1
    scratch[:] = F(0)
    tile, grads, rest = scratch[: C * TILE], scratch[C * TILE : 2 * C * TILE], scratch[2 * C * TILE :]
    mean, inverse = rest[:TILE], rest[TILE : 2 * TILE]
    scale, shift = rest[2 * TILE : 3 * TILE], rest[3 * TILE : 4 * TILE]
    grad, product = rest[4 * TILE : 5 * TILE], rest[5 * TILE : 6 * TILE]
    plain, along = rest[6 * TILE : 7 * TILE], rest[7 * TILE : 8 * TILE]  # sums of the gradient, and of it times the row
    for i in range(units.shape[0]):
        sums = grad_sums[units[i, 0]]
        sums[:] = F(0)
        end = min(units[i, 1] + UNIT, x.shape[0])
        for first in range(units[i, 1], end, TILE):
            last = min(first + TILE, end)
            load_normalised(x, first, last, tile, mean, inverse)
            grad[:] = F(0)  # where the last tile has no pixels
            plain[:] = F(0)
            along[:] = F(0)
            for c in range(C):
                row, into = tile[c * TILE : (c + 1) * TILE], grads[c * TILE : (c + 1) * TILE]
                load_modulation(modulation, c, first, last, base, scale, shift)
                load(grad_y[first:last, c], grad)
                for j in range(TILE):
                    row[j] *= inverse[j]
                if silu:
                    for j in range(TILE):
                        z = row[j] * scale[j] + shift[j]
                        s = sigmoid(z)
                        grad[j] *= s * (F(1) + z * (F(1) - s))
                of_scale, of_shift = F(0), F(0)
                for j in range(TILE):
                    product[j] = grad[j] * row[j]
                    of_scale += product[j]
                    of_shift += grad[j]
                sums[c] += of_scale
                sums[C + c] += of_shift
                if pixelwise:
                    store(product, grad_modulation[first:last, c])
                    store(grad, grad_modulation[first:last, C + c])
                for j in range(TILE):
                    into[j] = grad[j] * scale[j]
                    plain[j] += into[j]
                    along[j] += into[j] * row[j]
            for c in range(C):
                row, into = tile[c * TILE : (c + 1) * TILE], grads[c * TILE : (c + 1) * TILE]
                for j in range(TILE):
                    into[j] = inverse[j] * (into[j] - (plain[j] + row[j] * along[j]) / F(C))
                store(into, grad_x[first:last, c])
