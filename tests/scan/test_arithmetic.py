"""What the kernels reckon with, against numpy and torch."""

from __future__ import annotations

import numpy as np
import torch

from nircolor.scan.arithmetic import exp2, jit, log1p_of, narrow, widen


@jit(set())
def _through_half(values: np.ndarray, halves: np.ndarray, back: np.ndarray) -> None:
    for i in range(len(values)):
        halves[i] = narrow(values[i], halves[i])
        back[i] = widen(halves[i])


def test_bfloat16_is_rounded_and_read_as_torch_does() -> None:
    """Random bits of every exponent, ties between two neighbours, and what is not finite."""
    bits = np.random.default_rng(0).integers(0, 2**32, 100000, dtype=np.uint32)
    bits[:50000] = bits[:50000] & 0xFFFF0000 | 0x8000  # ties
    values = np.concatenate([bits.view(np.float32), np.float32([0, -0.0, np.inf, -np.inf, 3.4e38])])
    values = values[~np.isnan(values)]
    halves, back = np.empty(len(values), np.uint16), np.empty(len(values), np.float32)
    _through_half(values, halves, back)
    expected = torch.from_numpy(values).bfloat16()
    assert np.array_equal(halves, expected.view(torch.uint16).numpy())
    assert np.array_equal(back, expected.float().numpy())


def test_not_a_number_stays_that_in_bfloat16() -> None:
    halves, back = np.empty(1, np.uint16), np.empty(1, np.float32)
    _through_half(np.float32([np.nan]), halves, back)
    assert np.isnan(back).all()


@jit(set())
def _tables(x: np.ndarray, powers: np.ndarray, logarithms: np.ndarray) -> None:
    for i in range(len(x)):
        powers[i], logarithms[i] = exp2(-x[i]), log1p_of(min(x[i], np.float32(1)))


def test_polynomials_are_as_exact_as_they_say() -> None:
    x = np.concatenate([np.linspace(0, 1, 9999), np.linspace(1, 120, 9999)]).astype(np.float32)
    powers, logarithms = np.empty_like(x), np.empty_like(x)
    _tables(x, powers, logarithms)
    np.testing.assert_allclose(powers, np.exp2(-x.astype(np.float64)), rtol=3e-7)
    np.testing.assert_allclose(logarithms, np.log1p(np.minimum(x, 1).astype(np.float64)), rtol=4e-7)
