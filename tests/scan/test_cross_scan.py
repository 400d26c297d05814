"""Every fast scan equals the reference, forward and backward; the reference equals its formula."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nircolor.scan import choose, cross_scan, cross_scan_reference, scan_order, selective_scan_reference

SHAPES = [
    (1, 1, 1, 1, 1),
    (2, 5, 7, 40, 8),
    (1, 9, 4, 96, 16),
    (1, 6, 11, 130, 4),
    (1, 8, 9, 64, 16),
    (1, 1, 70, 33, 2),
]


def make(b: int, height: int, width: int, d: int, state: int, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    generator = torch.Generator().manual_seed(b + 7 * height + 31 * width + d)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    u, steps, bias = normal(b, height, width, d), normal(b, 4, height, width, d), normal(4, d) - 2
    A = -torch.rand(4, d, state, generator=generator, dtype=torch.float64) * 8
    B, C = normal(b, height, width, 4, state), normal(b, height, width, 4, state)
    return [x.to(dtype) for x in (u, steps, bias, A, B, C, normal(4, d))]


def relative(a: Tensor, b: Tensor) -> float:
    return ((a.double() - b.double()).norm() / b.double().norm().clamp_min(1e-30)).item()


def test_reference_is_the_recurrence_written_out() -> None:
    u, steps, _, A, B, C, D = make(1, 1, 3, 2, 2, torch.float64)
    u, delta, B, C = u[:, 0], steps[:, 0, 0].exp(), B[:, 0, :, 0], C[:, 0, :, 0]
    y = selective_scan_reference(u, delta, A[0], B, C, D[0])
    for c in range(2):
        state = [0.0, 0.0]
        for t in range(3):
            step = delta[0, t, c]
            state = [torch.exp(step * A[0, c, n]) * state[n] + step * B[0, t, n] * u[0, t, c] for n in range(2)]
            expected = sum(C[0, t, n] * state[n] for n in range(2)) + D[0, c] * u[0, t, c]
            torch.testing.assert_close(y[0, t, c], expected)


def test_scan_order_visits_every_pixel_once_in_four_ways() -> None:
    order = scan_order(2, 3)
    assert order.tolist() == [[0, 1, 2, 3, 4, 5], [0, 3, 1, 4, 2, 5], [5, 4, 3, 2, 1, 0], [5, 2, 4, 1, 3, 0]]


@pytest.mark.parametrize("shape", SHAPES)
def test_numba_equals_float64_reference_forward_and_backward(shape: tuple[int, int, int, int, int]) -> None:
    fast = [x.requires_grad_() for x in make(*shape)]
    exact = [x.detach().double().requires_grad_() for x in fast]
    weight = torch.randn(shape[:4], generator=torch.Generator().manual_seed(1))
    y, truth = cross_scan(*fast, kernel="numba"), cross_scan_reference(*exact)
    assert relative(y, truth) < 1e-5
    gradients = torch.autograd.grad((y * weight).sum(), fast)
    expected = torch.autograd.grad((truth * weight.double()).sum(), exact)
    for name, a, b in zip(["u", "steps", "bias", "A", "B", "C", "D"], gradients, expected, strict=True):
        assert relative(a, b) < 1e-5, name


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 70), st.integers(1, 17), st.integers(1, 2))
def test_numba_equals_reference_for_any_size(height: int, width: int, d: int, state: int, b: int) -> None:
    inputs = make(b, height, width, d, state)
    exact = cross_scan_reference(*(x.double() for x in inputs))
    assert relative(cross_scan(*inputs, kernel="numba"), exact) < 1e-5


def test_reference_passes_gradcheck() -> None:
    inputs = [x.requires_grad_() for x in make(1, 2, 3, 2, 2, torch.float64)]
    assert torch.autograd.gradcheck(cross_scan_reference, inputs)


@pytest.mark.parametrize("shift", [-90.0, -20.0, 0.0, 20.0, 200.0])
def test_extreme_steps_vanish_or_forget_and_never_overflow(shift: float) -> None:
    inputs = make(1, 4, 4, 8, 4)
    inputs[2] = inputs[2] + shift
    fast = [x.requires_grad_() for x in inputs]
    exact = [x.detach().double().requires_grad_() for x in inputs]
    y, truth = cross_scan(*fast, kernel="numba"), cross_scan_reference(*exact)
    assert relative(y, truth) < 1e-5
    for a, b in zip(torch.autograd.grad(y.sum(), fast), torch.autograd.grad(truth.sum(), exact), strict=True):
        assert torch.isfinite(a).all()
        assert relative(a, b) < 1e-4 or b.abs().max() < 1e-30


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_result_does_not_depend_on_threads(threads: int) -> None:
    inputs, before = make(2, 5, 6, 100, 4), torch.get_num_threads()
    expected = cross_scan(*inputs)
    try:
        torch.set_num_threads(threads)
        assert torch.equal(cross_scan(*inputs), expected)
    finally:
        torch.set_num_threads(before)


def test_inputs_need_not_be_contiguous_and_bf16_keeps_its_type() -> None:
    u, *rest = make(1, 6, 5, 12, 4)
    flipped = u.transpose(1, 2).contiguous().transpose(1, 2)
    assert torch.equal(cross_scan(flipped, *rest), cross_scan(u, *rest))
    half = cross_scan(*(x.bfloat16() for x in (u, *rest)))
    assert half.dtype == torch.bfloat16
    assert relative(half, cross_scan(u, *rest)) < 3e-2


@pytest.mark.parametrize("shape", [(2, 5, 7, 40, 8), (1, 6, 11, 130, 4)])
def test_bfloat16_is_read_as_it_is_and_only_results_are_rounded(shape: tuple[int, int, int, int, int]) -> None:
    """As in training with automatic mixed precision: maps in bfloat16, parameters in float32."""
    fast = [(x.bfloat16() if i in (0, 1, 4, 5) else x).requires_grad_() for i, x in enumerate(make(*shape))]
    exact = [x.detach().double().requires_grad_() for x in fast]
    y, truth = cross_scan(*fast, kernel="numba"), cross_scan_reference(*exact)
    weight = torch.randn(shape[:4], generator=torch.Generator().manual_seed(1)).bfloat16()
    gradients = torch.autograd.grad(y, fast, weight)
    expected = torch.autograd.grad(truth, exact, weight.double())
    assert [x.dtype for x in (y, *gradients)] == [x.dtype for x in (fast[0], *fast)]
    assert relative(y, truth) < 3e-3
    for name, a, b in zip(["u", "steps", "bias", "A", "B", "C", "D"], gradients, expected, strict=True):
        assert relative(a, b) < (3e-3 if a.dtype == torch.bfloat16 else 1e-5), name


def test_mixed_maps_are_computed_in_float32() -> None:
    u, steps, *rest = make(1, 4, 5, 12, 4)
    mixed = cross_scan(u.bfloat16(), steps, *rest)
    assert mixed.dtype == torch.bfloat16
    assert torch.equal(mixed, cross_scan(u.bfloat16().float(), steps, *rest).bfloat16())


def test_float64_is_computed_in_float64() -> None:
    inputs = make(1, 3, 4, 5, 2, torch.float64)
    assert torch.equal(cross_scan(*inputs), cross_scan_reference(*inputs))


@pytest.mark.parametrize("wrong", range(1, 7))
def test_shapes_that_do_not_fit_are_refused_by_name(wrong: int) -> None:
    inputs = make(1, 3, 4, 5, 2)
    inputs[wrong] = inputs[wrong][..., :-1]
    with pytest.raises(ValueError, match=r"^(steps|bias|A|B|C|D) is \(.*but u of"):
        cross_scan(*inputs)


def test_choice_of_kernel() -> None:
    assert choose(torch.device("cpu")) == "numba"
    assert choose(torch.device("cuda")) in ("triton", "mamba", "reference")  # see test_triton_scan.py


def test_works_where_no_cache_folder_can_be_written(tmp_path: Path) -> None:
    """A read-only installation without a home: files stand where the cache folders would have to be made."""
    source = Path(__file__).resolve().parents[2] / "nircolor" / "scan"
    package = tmp_path / "nircolor"
    shutil.copytree(source, package / "scan", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(source.with_name("threads.py"), package)
    (package / "__init__.py").touch()  # or an installed nircolor would win
    for blocked in (package / "scan" / "__pycache__", tmp_path / "home"):
        blocked.write_text("not a folder")
    program = """
        import torch
        from nircolor.scan import cross_scan, cross_scan_reference, kernels
        x = [torch.rand(1, 2, 2, 3), torch.rand(1, 4, 2, 2, 3), torch.rand(4, 3), -torch.rand(4, 3, 2)]
        x += [torch.rand(1, 2, 2, 4, 2), torch.rand(1, 2, 2, 4, 2), torch.rand(4, 3)]
        torch.testing.assert_close(cross_scan(*x), cross_scan_reference(*x))
        print(kernels.__file__)
    """
    blocked_home = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home"), "NUMBA_CACHE_DIR": ""}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | blocked_home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().startswith(str(tmp_path))
