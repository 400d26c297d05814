"""Numba kernels of the selective scan over an image, one direction and one block of channels at a time.

What makes them fast, in order of weight: channels lie last, so that a block of channels of one pixel is a run of vector
registers and no direction needs a transposed copy of the image; the block is a compile-time constant; the loop over
the N states is outside and the loop over channels inside, so that the forward pass has no horizontal sum; exp is 2^x, a
polynomial whose exponent is added as an integer; scratch memory is aligned to cache lines. The kernels release the GIL
and own no threads (``pool.py`` does). Compiled on first use, then cached on disk.

Array letters as in ``reference.py``: P = H*W pixels, d channels, N states; ``A2`` is A * log2(e), laid out (4, N, d).
u, steps, B, C, grad_y and grad_steps are all float32, or all bfloat16, as uint16; everything else is float32.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from nircolor.scan.arithmetic import LN2, LOG2E, RELAXED, STRICT, F, exp2, jit, log1p_of, narrow, widen

CHUNK = 32  # steps between two states that the forward pass keeps for the backward pass
BLOCKS = (32, 64, 96)  # channels worked on together; a kernel is compiled for each that is used


@jit(STRICT)
def pixel(step: Any, direction: Any, height: Any, width: Any) -> Any:
    """Index of the pixel that a direction visits at a step (the same order as ``reference.scan_order``)."""
    s = step if direction < 2 else height * width - 1 - step
    return s if direction % 2 == 0 else (s % height) * width + s // height


@cache
def forward_kernel(block: int) -> Callable[..., None]:
    """The forward kernel for blocks of ``block`` channels.

    Its arguments: u (b, P, d); steps (b, 4, P, d); bias (4, d); A2 (4, N, d); B, C (b, P, 4, N); D (4, d); y (b, 4, P,
    d), written; states (b, 4, blocks, P/CHUNK, N, block), written unless empty; scratch ((2 N + 5) * block,), aligned;
    height, width; units (n, 3) int64 of image, direction and block: the work of this call, since a call from Python
    costs as much as a small unit.
    """

    @jit(STRICT)
    def forward(
        us: Any, all_steps: Any, bias: Any, A2: Any, Bs: Any, Cs: Any, D: Any, ys: Any, all_states: Any, scratch: Any,
        height: Any, width: Any, units: Any,
    ) -> None:  # fmt: skip
        N = A2.shape[1]
        for unit in range(units.shape[0]):  # not a kernel of its own: numba never finds such a pair in its disk cache
            image, direction, group = units[unit]
            u, steps, B, C = us[image], all_steps[image, direction], Bs[image], Cs[image]
            y, states, first = ys[image, direction], all_states[image, direction, group], group * block
            live = min(block, u.shape[1] - first)
            scratch[:] = F(0)
            h, a2 = scratch[: N * block], scratch[N * block : 2 * N * block]
            rest = scratch[2 * N * block :]
            dt, du, acc = rest[:block], rest[block : 2 * block], rest[2 * block : 3 * block]
            offset, skip = rest[3 * block : 4 * block], rest[4 * block : 5 * block]
            for c in range(live):
                offset[c], skip[c] = bias[direction, first + c], D[direction, first + c]
                for n in range(N):
                    a2[n * block + c] = A2[direction, n, first + c]
            for step in range(height * width):
                if states.shape[0] > 0 and step % CHUNK == 0:
                    kept = states[step // CHUNK].reshape(N * block)
                    for i in range(N * block):
                        kept[i] = h[i]
                p = pixel(step, direction, height, width)
                steps_p, u_p, y_p = steps[p, first : first + live], u[p, first : first + live], y[p]
                B_p, C_p = B[p, direction], C[p, direction]
                for c in range(live):
                    x, value = widen(steps_p[c]) + offset[c], widen(u_p[c])
                    dt[c] = max(x, F(0)) + log1p_of(exp2(-abs(x) * LOG2E))  # softplus
                    du[c] = dt[c] * value
                    acc[c] = skip[c] * value
                for n in range(N):
                    b, g = widen(B_p[n]), widen(C_p[n])
                    h_n, a2_n = h[n * block : (n + 1) * block], a2[n * block : (n + 1) * block]
                    for c in range(block):
                        state = exp2(dt[c] * a2_n[c]) * h_n[c] + du[c] * b
                        h_n[c] = state
                        acc[c] += state * g
                for c in range(live):
                    y_p[first + c] = acc[c]

    return forward


@cache
def backward_kernel(block: int) -> Callable[..., None]:
    """The backward kernel for blocks of ``block`` channels; states are recomputed chunk by chunk from the kept ones.

    Its arguments: those of the forward kernel up to D, then states; grad_y (b, P, d); and, written, grad_u (b, 4, P,
    d), grad_steps (b, 4, P, d), grad_rows (b, 4, blocks, N + 2, block) of A, of the bias and of D, grad_B and grad_C
    (b, 4, blocks, P, N); scratch, aligned, of ((2 CHUNK + 4) N + 9) * block; height, width; units as in the forward
    kernel.
    """

    @jit(RELAXED)
    def backward(
        us: Any, all_steps: Any, bias: Any, A2: Any, Bs: Any, Cs: Any, D: Any, all_states: Any, grads_y: Any,
        grads_u: Any, grads_steps: Any, grads_rows: Any, grads_B: Any, grads_C: Any, scratch: Any,
        height: Any, width: Any, units: Any,
    ) -> None:  # fmt: skip
        N, P = A2.shape[1], height * width
        size = N * block
        for unit in range(units.shape[0]):
            image, direction, group = units[unit]
            u, steps, B, C, first = us[image], all_steps[image, direction], Bs[image], Cs[image], group * block
            states, grad_y = all_states[image, direction, group], grads_y[image]
            grad_u, grad_steps = grads_u[image, direction], grads_steps[image, direction]
            grad_rows = grads_rows[image, direction, group]
            grad_B, grad_C = grads_B[image, direction, group], grads_C[image, direction, group]
            live = min(block, u.shape[1] - first)
            scratch[:] = F(0)
            h, decay = scratch[: (CHUNK + 1) * size], scratch[(CHUNK + 1) * size : (2 * CHUNK + 1) * size]
            rest = scratch[(2 * CHUNK + 1) * size :]
            a2, carry, sum_A = rest[:size], rest[size : 2 * size], rest[2 * size : 3 * size]
            rest = rest[3 * size :]
            dt, du, gy = rest[:block], rest[block : 2 * block], rest[2 * block : 3 * block]
            sum_du, sum_dt = rest[3 * block : 4 * block], rest[4 * block : 5 * block]
            rest = rest[5 * block :]
            offset, slope = rest[:block], rest[block : 2 * block]
            sum_bias, sum_D = rest[2 * block : 3 * block], rest[3 * block : 4 * block]
            for c in range(live):
                offset[c] = bias[direction, first + c]
                for n in range(N):
                    a2[n * block + c] = A2[direction, n, first + c]
            for chunk in range((P + CHUNK - 1) // CHUNK - 1, -1, -1):
                start = chunk * CHUNK
                stop = min(start + CHUNK, P)
                kept = states[chunk].reshape(size)
                for i in range(size):
                    h[i] = kept[i]
                for step in range(start, stop):
                    p = pixel(step, direction, height, width)
                    steps_p, u_p = steps[p, first : first + live], u[p, first : first + live]
                    B_p = B[p, direction]
                    for c in range(live):
                        x = widen(steps_p[c]) + offset[c]
                        dt[c] = max(x, F(0)) + log1p_of(exp2(-abs(x) * LOG2E))
                        du[c] = dt[c] * widen(u_p[c])
                    for n in range(N):
                        b, at = widen(B_p[n]), (step - start) * size + n * block
                        before, after = h[at : at + block], h[at + size : at + size + block]
                        decay_n, a2_n = decay[at : at + block], a2[n * block : (n + 1) * block]
                        for c in range(block):
                            factor = exp2(dt[c] * a2_n[c])
                            decay_n[c] = factor
                            after[c] = factor * before[c] + du[c] * b
                for step in range(stop - 1, start - 1, -1):
                    p = pixel(step, direction, height, width)
                    steps_p, u_p = steps[p, first : first + live], u[p, first : first + live]
                    B_p, C_p, gy_p = B[p, direction], C[p, direction], grad_y[p, first : first + live]
                    grad_B_p, grad_C_p = grad_B[p], grad_C[p]
                    for c in range(live):
                        x, value = widen(steps_p[c]) + offset[c], widen(u_p[c])
                        z = exp2(-abs(x) * LOG2E)
                        dt[c] = max(x, F(0)) + log1p_of(z)
                        slope[c] = (F(1) if x > F(0) else z) / (F(1) + z)  # the derivative of softplus
                        du[c] = dt[c] * value
                        gy[c] = widen(gy_p[c])
                        sum_D[c] += gy[c] * value
                    for c in range(block):
                        sum_du[c] = F(0)
                        sum_dt[c] = F(0)
                    for n in range(N):
                        b, g, at = widen(B_p[n]), widen(C_p[n]), (step - start) * size + n * block
                        before, after = h[at : at + block], h[at + size : at + size + block]
                        decay_n, a2_n = decay[at : at + block], a2[n * block : (n + 1) * block]
                        carry_n, sum_A_n = carry[n * block : (n + 1) * block], sum_A[n * block : (n + 1) * block]
                        sum_B, sum_C = F(0), F(0)
                        for c in range(block):
                            grad_h = carry_n[c] + gy[c] * g
                            sum_C += gy[c] * after[c]
                            sum_B += grad_h * du[c]
                            sum_du[c] += grad_h * b
                            passed = grad_h * decay_n[c]
                            carry_n[c] = passed
                            moved = passed * before[c]
                            sum_dt[c] += moved * a2_n[c]
                            sum_A_n[c] += moved * dt[c]
                        grad_B_p[n] = sum_B
                        grad_C_p[n] = sum_C
                    grad_u_p, grad_steps_p = grad_u[p], grad_steps[p]
                    for c in range(live):
                        moved = (sum_dt[c] * LN2 + sum_du[c] * widen(u_p[c])) * slope[c]
                        sum_bias[c] += moved
                        grad_steps_p[first + c] = narrow(moved, grad_steps_p[first + c])
                        grad_u_p[first + c] = sum_du[c] * dt[c] + gy[c] * D[direction, first + c]
            for c in range(block):
                for n in range(N):
                    grad_rows[n, c] = sum_A[n * block + c]
                grad_rows[N, c] = sum_bias[c]
                grad_rows[N + 1, c] = sum_D[c]

    return backward
