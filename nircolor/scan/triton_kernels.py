"""Triton kernels of the selective scan over an image: one program a (segment, block of channels, direction, image).

The sequence is cut into segments of CHUNK pixels, so that one image fills a GPU. What a segment does to the state that
enters it is affine, h -> exp(A total) h + local, with total its sum of steps delta; so three kernels make a scan:

1. ``local_states`` (backward: ``local_carries``) runs every segment from zero and keeps total and local;
2. ``join`` walks over the segments and leaves, in place of local, the state that enters each;
3. ``outputs`` (``gradients``) runs every segment again from the right state and writes what is wanted.

A state is (N, BLOCK_D) in the registers of one warp; loads of a pixel are one contiguous run of channels, and a
direction is an order of pixels, never a copy. All arithmetic is float32, nothing is added atomically: results are
reproducible bit by bit.

Arguments, P = H W pixels in S segments, all contiguous but B and C:
u, grad_y (b, P, d); steps, y, grad_u, grad_steps (b, 4, P, d); bias, D (4, d); A2 (4, N, d), which is A log2(e);
B, C (b, P, 4, N) with strides for image, pixel and direction; and float32: states, carries (b, 4, S, N, d); totals
(b, 4, S, d); rows (b, 4, S, N + 2, d), a segment's gradients of A2, bias and D; grad_B, grad_C (blocks, b, P, 4, N).
BLOCK_N is N rounded up to a power of two.
"""

# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls
# mypy: disable-error-code="assignment,untyped-decorator,var-annotated"
# Triton reads annotations as types of its own, so that the kernels have none but tl.constexpr.

from __future__ import annotations

import triton
import triton.language as tl

CHUNK = tl.constexpr(32)  # pixels of a segment
PART = tl.constexpr(8)  # of which the backward pass holds the states in registers; divides CHUNK
BLOCK_D = tl.constexpr(32)  # channels of a program: one a lane

LOG2E = tl.constexpr(1.4426950408889634)
LN2 = tl.constexpr(0.6931471805599453)


@triton.jit
def split_program(d, segments):
    """The program's block, segment, direction and image * 4 + direction; neighbours in memory run side by side."""
    program = tl.program_id(0).to(tl.int64)
    blocks = tl.cdiv(d, BLOCK_D)
    segment = (program // blocks) % segments
    image4 = program // (blocks * segments)
    return program % blocks, segment, image4 % 4, image4


@triton.jit
def pixel_at(step, direction, height, width):
    """Index of the pixel that a direction visits at a step (the same order as ``reference.scan_order``).

    In 32 bits, since a division of 64 bits costs as much as the step itself; then 64, since offsets go on from here.
    """
    s = tl.where(direction < 2, step, height * width - 1 - step)
    return tl.where(direction % 2 == 0, s, (s % height) * width + s // height).to(tl.int64)


@triton.jit
def log1p(z):
    """log(1 + z) for z in [0, 1], relative error 1.7e-7: the polynomial of ``kernels.py``."""
    p = 0.191060051 + z * (-0.136632428 + z * (0.0782259107 + z * (-0.0295052137 + z * 0.00523268804)))
    return z * (0.99999994 + z * (-0.499994934 + z * (0.333190978 + z * (-0.24842982 + z * p))))


@triton.jit
def softplus(x):
    """Softplus and its derivative."""
    z = tl.exp2(-tl.abs(x) * LOG2E)
    return tl.maximum(x, 0.0) + log1p(z), tl.where(x > 0, 1.0, z) / (1.0 + z)


@triton.jit
def load_row(pointer, mask):
    return tl.load(pointer, mask=mask, other=0.0).to(tl.float32)


@triton.jit
def advance(h, u, steps, B, a2, offset, in_c, in_n):
    """The state after one pixel, given the pointers to what that pixel holds."""
    dt, _ = softplus(load_row(steps, in_c) + offset)
    du = dt * load_row(u, in_c)
    return tl.exp2(dt[None, :] * a2) * h + du[None, :] * load_row(B, in_n)[:, None]


@triton.jit
def local_states(
    u, steps, bias, A2, B, states, totals, d, N, height, width, segments, stride_b, stride_p, stride_k,
    BLOCK_N: tl.constexpr,
):  # fmt: skip
    """Write states and totals as if every segment started from zero."""
    block, segment, direction, image4 = split_program(d, segments)
    P = height * width
    start = segment.to(tl.int32) * CHUNK
    stop = tl.minimum(start + CHUNK, P)
    c, n = block * BLOCK_D + tl.arange(0, BLOCK_D), tl.arange(0, BLOCK_N)
    in_c, in_n = c < d, n < N
    tile, in_tile = n[:, None] * d + c[None, :], in_n[:, None] & in_c[None, :]
    a2 = load_row(A2 + direction * N * d + tile, in_tile)
    offset = load_row(bias + direction * d + c, in_c)
    u += (image4 // 4) * P * d + c
    steps += image4 * P * d + c
    B += (image4 // 4) * stride_b + direction * stride_k + n
    h = tl.zeros((BLOCK_N, BLOCK_D), tl.float32)
    total = tl.zeros((BLOCK_D,), tl.float32)
    for step in range(start, stop):
        p = pixel_at(step, direction, height, width)
        dt, _ = softplus(load_row(steps + p * d, in_c) + offset)
        du = dt * load_row(u + p * d, in_c)
        h = tl.exp2(dt[None, :] * a2) * h + du[None, :] * load_row(B + p * stride_p, in_n)[:, None]
        total += dt
    at = image4 * segments + segment
    tl.store(states + at * N * d + tile, h, mask=in_tile)
    tl.store(totals + at * d + c, total, mask=in_c)


@triton.jit
def local_carries(
    grad_y, steps, bias, A2, C, carries, d, N, height, width, segments, stride_b, stride_p, stride_k,
    BLOCK_N: tl.constexpr,
):  # fmt: skip
    """Write carries, the gradients that each segment hands to the one before it, as if none came from the one after."""
    block, segment, direction, image4 = split_program(d, segments)
    P = height * width
    start = segment.to(tl.int32) * CHUNK
    stop = tl.minimum(start + CHUNK, P)
    c, n = block * BLOCK_D + tl.arange(0, BLOCK_D), tl.arange(0, BLOCK_N)
    in_c, in_n = c < d, n < N
    tile, in_tile = n[:, None] * d + c[None, :], in_n[:, None] & in_c[None, :]
    a2 = load_row(A2 + direction * N * d + tile, in_tile)
    offset = load_row(bias + direction * d + c, in_c)
    grad_y += (image4 // 4) * P * d + c
    steps += image4 * P * d + c
    C += (image4 // 4) * stride_b + direction * stride_k + n
    carry = tl.zeros((BLOCK_N, BLOCK_D), tl.float32)
    for back in range(start, stop):
        p = pixel_at(start + stop - 1 - back, direction, height, width)
        dt, _ = softplus(load_row(steps + p * d, in_c) + offset)
        gy = load_row(grad_y + p * d, in_c)
        carry += gy[None, :] * load_row(C + p * stride_p, in_n)[:, None]
        carry *= tl.exp2(dt[None, :] * a2)
    tl.store(carries + (image4 * segments + segment) * N * d + tile, carry, mask=in_tile)


@triton.jit
def join(A2, states, totals, d, N, segments, BACKWARD: tl.constexpr, BLOCK_N: tl.constexpr):
    """Put in place of what each segment adds what enters it: from the first to the last, or backward."""
    block, _, direction, image4 = split_program(d, 1)
    c, n = block * BLOCK_D + tl.arange(0, BLOCK_D), tl.arange(0, BLOCK_N)
    in_c, in_n = c < d, n < N
    tile, in_tile = n[:, None] * d + c[None, :], in_n[:, None] & in_c[None, :]
    a2 = load_row(A2 + direction * N * d + tile, in_tile)
    h = tl.zeros((BLOCK_N, BLOCK_D), tl.float32)
    for i in range(segments):
        segment = i
        if BACKWARD:
            segment = segments - 1 - i
        at = image4 * segments + segment
        local = load_row(states + at * N * d + tile, in_tile)
        total = load_row(totals + at * d + c, in_c)
        tl.store(states + at * N * d + tile, h, mask=in_tile)
        h = tl.exp2(total[None, :] * a2) * h + local


@triton.jit
def outputs(
    u, steps, bias, A2, B, C, D, states, y, d, N, height, width, segments,
    stride_bb, stride_bp, stride_bk, stride_cb, stride_cp, stride_ck, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """Write y from the states that enter the segments."""
    block, segment, direction, image4 = split_program(d, segments)
    P = height * width
    start = segment.to(tl.int32) * CHUNK
    stop = tl.minimum(start + CHUNK, P)
    c, n = block * BLOCK_D + tl.arange(0, BLOCK_D), tl.arange(0, BLOCK_N)
    in_c, in_n = c < d, n < N
    tile, in_tile = n[:, None] * d + c[None, :], in_n[:, None] & in_c[None, :]
    a2 = load_row(A2 + direction * N * d + tile, in_tile)
    offset, skip = load_row(bias + direction * d + c, in_c), load_row(D + direction * d + c, in_c)
    u += (image4 // 4) * P * d + c
    steps += image4 * P * d + c
    y += image4 * P * d + c
    B += (image4 // 4) * stride_bb + direction * stride_bk + n
    C += (image4 // 4) * stride_cb + direction * stride_ck + n
    h = load_row(states + (image4 * segments + segment) * N * d + tile, in_tile)
    for step in range(start, stop):
        p = pixel_at(step, direction, height, width)
        dt, _ = softplus(load_row(steps + p * d, in_c) + offset)
        u_p = load_row(u + p * d, in_c)
        b_p, c_p = load_row(B + p * stride_bp, in_n), load_row(C + p * stride_cp, in_n)
        h = tl.exp2(dt[None, :] * a2) * h + (dt * u_p)[None, :] * b_p[:, None]
        value = tl.sum(h * c_p[:, None], 0) + skip * u_p
        tl.store(y + p * d, value.to(y.dtype.element_ty), mask=in_c)


@triton.jit
def gradients(
    u, steps, bias, A2, B, C, D, states, carries, grad_y, grad_u, grad_steps, rows, grad_B, grad_C,
    images, d, N, height, width, segments, stride_bb, stride_bp, stride_bk, stride_cb, stride_cp, stride_ck,
    BLOCK_N: tl.constexpr,
):  # fmt: skip
    """Write all gradients, from the states and carries that enter the segments.

    Going back needs the states in reverse. A segment is taken in parts, the last first: each is reached by running
    forward from the start of the segment, and the states inside it are kept in registers.
    """
    block, segment, direction, image4 = split_program(d, segments)
    P = height * width
    start = segment.to(tl.int32) * CHUNK
    stop = tl.minimum(start + CHUNK, P)
    c, n = block * BLOCK_D + tl.arange(0, BLOCK_D), tl.arange(0, BLOCK_N)
    in_c, in_n = c < d, n < N
    tile, in_tile = n[:, None] * d + c[None, :], in_n[:, None] & in_c[None, :]
    at = image4 * segments + segment
    a2 = load_row(A2 + direction * N * d + tile, in_tile)
    offset, skip = load_row(bias + direction * d + c, in_c), load_row(D + direction * d + c, in_c)
    u += (image4 // 4) * P * d + c
    grad_y += (image4 // 4) * P * d + c
    steps += image4 * P * d + c
    grad_u += image4 * P * d + c
    grad_steps += image4 * P * d + c
    B += (image4 // 4) * stride_bb + direction * stride_bk + n
    C += (image4 // 4) * stride_cb + direction * stride_ck + n
    of_pixel = ((block * images + image4 // 4) * P * 4 + direction) * N + n
    grad_B += of_pixel
    grad_C += of_pixel
    carry = load_row(carries + at * N * d + tile, in_tile)
    sum_A = tl.zeros((BLOCK_N, BLOCK_D), tl.float32)
    sum_bias, sum_D = tl.zeros((BLOCK_D,), tl.float32), tl.zeros((BLOCK_D,), tl.float32)
    parts = tl.cdiv(stop - start, PART)
    for i in range(parts):
        first = start + (parts - 1 - i) * PART
        h = load_row(states + at * N * d + tile, in_tile)
        for step in range(start, first):
            p = pixel_at(step, direction, height, width)
            h = advance(h, u + p * d, steps + p * d, B + p * stride_bp, a2, offset, in_c, in_n)
        kept = ()
        for j in tl.static_range(PART):
            kept = kept + (h,)  # noqa: RUF005  (Triton has no starred tuples)
            p = pixel_at(tl.minimum(first + j, P - 1), direction, height, width)
            h = advance(h, u + p * d, steps + p * d, B + p * stride_bp, a2, offset, in_c, in_n)
        for j in tl.static_range(PART):
            step = first + PART - 1 - j
            before = kept[PART - 1 - j]
            if step < P:
                p = pixel_at(step, direction, height, width)
                dt, slope = softplus(load_row(steps + p * d, in_c) + offset)
                u_p, gy = load_row(u + p * d, in_c), load_row(grad_y + p * d, in_c)
                b_p, c_p = load_row(B + p * stride_bp, in_n), load_row(C + p * stride_cp, in_n)
                decay, du = tl.exp2(dt[None, :] * a2), dt * u_p
                after = decay * before + du[None, :] * b_p[:, None]
                grad_h = carry + gy[None, :] * c_p[:, None]
                carry = grad_h * decay
                moved = carry * before
                sum_A += moved * dt[None, :]
                sum_D += gy * u_p
                tl.store(grad_C + p * 4 * N, tl.sum(after * gy[None, :], 1), mask=in_n)
                tl.store(grad_B + p * 4 * N, tl.sum(grad_h * du[None, :], 1), mask=in_n)
                of_du = tl.sum(grad_h * b_p[:, None], 0)
                of_step = (tl.sum(moved * a2, 0) * LN2 + of_du * u_p) * slope
                sum_bias += of_step
                tl.store(grad_steps + p * d, of_step.to(grad_steps.dtype.element_ty), mask=in_c)
                tl.store(grad_u + p * d, (of_du * dt + gy * skip).to(grad_u.dtype.element_ty), mask=in_c)
    rows += at * (N + 2) * d
    tl.store(rows + tile, sum_A * LN2, mask=in_tile)
    tl.store(rows + N * d + c, sum_bias, mask=in_c)
    tl.store(rows + (N + 1) * d + c, sum_D, mask=in_c)
