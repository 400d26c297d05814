"""Arithmetic that numba lacks, for kernels that LLVM shall vectorise: fast exponentials, and bfloat16.

numba's disk cache looks at the file of a kernel, not at what it calls: after a change here, delete __pycache__.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

F = np.float32
LN2, LOG2E = F(0.6931471805599453), F(1.4426950408889634)
ROUND = F(12582912.0)  # 1.5 * 2**23: adding it leaves the nearest integer in the low bits of a float32
# Minimax fit of 2^r on [-1/2, 1/2], relative error 7.5e-8.
E0, E1, E2, E3, E4, E5 = F(1.00000007), F(0.69314697), F(0.2402212), F(0.05550713), F(0.00967554), F(0.00132765)

# Minimax fit of log(1 + z) / z on [0, 1], relative error 1.7e-7 in float32.
L0, L1, L2, L3, L4 = F(0.99999994), F(-0.499994934), F(0.333190978), F(-0.24842982), F(0.191060051)
L5, L6, L7, L8 = F(-0.136632428), F(0.0782259107), F(-0.0295052137), F(0.00523268804)

# No reassociation where rounding by ROUND happens; the backward pass allows it for its horizontal sums.
STRICT = {"contract", "nsz", "nnan", "ninf"}
RELAXED = STRICT | {"reassoc"}


def jit(fastmath: set[str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``numba.njit`` with a disk cache, or without one where no folder can be written (a read-only installation)."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        options = {"nogil": True, "fastmath": fastmath, "boundscheck": False, "error_model": "numpy"}
        try:
            return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
        except RuntimeError:
            return numba.njit(**options)(function)  # type: ignore[no-any-return]

    return wrap


@intrinsic  # type: ignore[untyped-decorator]
def as_float(typing_context: Any, bits: Any) -> Any:
    """The float whose 32 bits these are."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.float32))

    return types.float32(types.int32), generate


@intrinsic  # type: ignore[untyped-decorator]
def as_bits(typing_context: Any, value: Any) -> Any:
    """The 32 bits of a float, as an integer."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.int32))

    return types.int32(types.float32), generate


@jit(STRICT)
def exp2(x: Any) -> Any:
    """2^x for x <= 0, flushed at 2^-126: the nearest integer goes into the exponent, the rest into a polynomial."""
    x = max(x, F(-126.0))
    shifted = x + ROUND
    r = x - (shifted - ROUND)
    p = E0 + r * (E1 + r * (E2 + r * (E3 + r * (E4 + r * E5))))
    return as_float(np.int32(as_bits(p) + np.int32(as_bits(shifted) << np.int32(23))))


@jit(STRICT)
def log1p_of(z: Any) -> Any:
    """log(1 + z) for z in [0, 1], relative error 1.7e-7."""
    p = L4 + z * (L5 + z * (L6 + z * (L7 + z * L8)))
    return z * (L0 + z * (L1 + z * (L2 + z * (L3 + z * p))))


@intrinsic  # type: ignore[untyped-decorator]
def widen(typing_context: Any, x: Any) -> Any:
    """A float32, or a bfloat16 given as uint16, as float32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if x == types.float32:
            return args[0]
        bits = builder.zext(args[0], context.get_value_type(types.int32))
        return builder.bitcast(builder.shl(bits, bits.type(16)), context.get_value_type(types.float32))

    return types.float32(x), generate


@intrinsic  # type: ignore[untyped-decorator]
def narrow(typing_context: Any, value: Any, like: Any) -> Any:
    """A float32 in the type of ``like``: itself, or the nearest bfloat16, as uint16; of two the even one."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if like == types.float32:
            return args[0]
        bits = builder.bitcast(args[0], context.get_value_type(types.int32))
        even = builder.and_(builder.lshr(bits, bits.type(16)), bits.type(1))
        rounded = builder.add(bits, builder.add(even, bits.type(0x7FFF)))
        return builder.trunc(builder.lshr(rounded, bits.type(16)), context.get_value_type(types.uint16))

    return like(types.float32, like), generate
