"""The Triton scan equals the reference: in Triton's interpreter on any CPU, compiled, and on a GPU where there is one.

The interpreter has to be switched on before triton is imported, so that its cases run in a process of their own: this
file as a script, which prints the relative errors.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from test_cross_scan import make, relative
from torch import Tensor

import nircolor.scan as scan
from nircolor.scan import cross_scan, cross_scan_reference, selective_scan_reference

NAMES = ["y", "u", "steps", "bias", "A", "B", "C", "D"]
Shape = tuple[int, int, int, int, int]
CASES: dict[str, Shape] = {  # b, H, W, d, N; a block has 32 channels, a segment 4 pixels here and 32 on a GPU
    "one pixel": (1, 1, 1, 5, 4),
    "one row": (1, 1, 5, 3, 3),
    "one column": (1, 5, 1, 3, 4),
    "two images, two blocks": (2, 1, 2, 40, 16),
    "three segments, two blocks": (1, 3, 3, 33, 4),
}
GPU_SHAPES: list[Shape] = [
    *CASES.values(),
    (1, 5, 13, 33, 4),
    (2, 33, 47, 96, 16),
    (1, 128, 128, 130, 16),
    (1, 9, 70, 64, 8),
]

triton_missing = importlib.util.find_spec("triton") is None
needs_triton = pytest.mark.skipif(triton_missing, reason="triton is not installed (pip install triton; Linux only)")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")


def errors(kernel: str, inputs: list[Tensor], device: str = "cpu") -> dict[str, float]:
    """Relative errors of the output and of all gradients against the reference in float64."""
    fast = [x.to(device).requires_grad_() for x in inputs]
    exact = [x.detach().double().requires_grad_() for x in fast]
    # B as the network hands it over, a part of a projection, and C in memory of its own: their strides differ.
    B = torch.cat([fast[4], fast[5]], -1)[..., : fast[4].shape[-1]]
    y, truth = cross_scan(*fast[:4], B, *fast[5:], kernel=kernel), cross_scan_reference(*exact)
    weight = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).to(y)
    found = [y, *torch.autograd.grad((y * weight).sum(), fast)]
    expected = [truth, *torch.autograd.grad((truth * weight.double()).sum(), exact)]
    assert [x.dtype for x in found] == [x.dtype for x in (fast[0], *fast)]
    return {name: relative(a, b) for name, a, b in zip(NAMES, found, expected, strict=True) if b.norm() > 0}


def mixed(shape: Shape) -> list[Tensor]:
    """bfloat16 maps with float32 parameters, as in training with automatic mixed precision."""
    return [x.bfloat16() if i in (0, 1, 4, 5) else x for i, x in enumerate(make(*shape))]


def interpret() -> dict[str, dict[str, float]]:
    """All that is run in the interpreter, with shorter segments: a pixel of a block takes it 0.1 s."""
    from nircolor.scan import triton_kernels as kernels

    kernels.CHUNK, kernels.PART = (type(kernels.CHUNK)(pixels) for pixels in (4, 2))
    found = {name: errors("triton", make(*shape)) for name, shape in CASES.items()}
    found["bfloat16"] = errors("triton", mixed((1, 2, 3, 8, 4)))
    far = make(1, 2, 3, 4, 4)
    for shift in (-20.0, 200.0):
        far[2] = far[2].detach() + shift
        found[f"steps {shift:+}"] = errors("triton", far)
    return found


def run(arguments: list[str], tmp_path: Path, **environment: str) -> str:
    environment = os.environ | {"TRITON_CACHE_DIR": str(tmp_path)} | environment
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    return json.loads(run([__file__], tmp_path_factory.mktemp("triton"), TRITON_INTERPRET="1"))


@needs_triton
@pytest.mark.parametrize("case", [*CASES, "steps -20.0", "steps +200.0"])
def test_interpreted_kernels_equal_float64_reference(interpreted: dict[str, dict[str, float]], case: str) -> None:
    assert max(interpreted[case].values()) < 1e-5, interpreted[case]


@needs_triton
def test_bfloat16_is_computed_in_float32_and_keeps_its_type(interpreted: dict[str, dict[str, float]]) -> None:
    assert max(interpreted["bfloat16"].values()) < 1e-2, interpreted["bfloat16"]


COMPILE = """
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, compile
from nircolor.scan import triton_kernels as kernels

HALF, FULL = "u steps B C y grad_y grad_u grad_steps", "bias A2 D states carries totals rows grad_B grad_C"
types = dict.fromkeys(HALF.split(), "*bf16") | dict.fromkeys(FULL.split(), "*fp32")
constants = {"BLOCK_N": 4, "BACKWARD": True}
for name in ("local_states", "local_carries", "join", "outputs", "gradients"):
    kernel = getattr(kernels, name)
    fixed = {k: v for k, v in constants.items() if k in kernel.arg_names}
    signature = {k: "constexpr" if k in fixed else types.get(k, "i32") for k in kernel.arg_names}
    options = {"num_warps": 1, "enable_fp_fusion": True}
    built = compile(ASTSource(kernel, signature, fixed), target=GPUTarget("cuda", 80, 32), options=options)
    print(name, len(built.asm["cubin"]))
"""


@needs_triton
def test_kernels_compile_to_machine_code_without_a_gpu(tmp_path: Path) -> None:
    """The interpreter takes Python that the compiler refuses."""
    built = dict(line.split() for line in run(["-c", COMPILE], tmp_path, TRITON_INTERPRET="0").splitlines())
    assert len(built) == 5
    assert all(int(size) > 1000 for size in built.values())


def test_a_cpu_never_imports_triton(tmp_path: Path) -> None:
    program = """
import sys, torch
before = "triton" in sys.modules
from nircolor.scan import cross_scan
x = [torch.rand(1, 2, 2, 3), torch.rand(1, 4, 2, 2, 3), torch.rand(4, 3), -torch.rand(4, 3, 2)]
cross_scan(*x, torch.rand(1, 2, 2, 4, 2), torch.rand(1, 2, 2, 4, 2), torch.rand(4, 3))
print("nircolor.scan.gpu" in sys.modules, not before and "triton" in sys.modules)
"""
    assert run(["-c", program], tmp_path).split() == ["False", "False"]


def test_unknown_kernel_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="kernel 'cuda' is unknown; give auto, numba, triton, mamba or reference"):
        cross_scan(*make(1, 2, 2, 3, 2), kernel="cuda")


def wrong(*inputs: Tensor) -> Tensor:
    return cross_scan_reference(*inputs) * 1.01


def not_a_number(*inputs: Tensor) -> Tensor:
    return cross_scan_reference(*inputs) * float("nan")


def broken(*inputs: Tensor) -> Tensor:
    raise RuntimeError("ptxas\n fatal: out of luck")


@pytest.mark.parametrize(
    ("kernel", "says"),
    [(wrong, "differs from the reference by 0.0"), (not_a_number, "by nan"), (broken, "ptxas fatal: out of luck")],
)
def test_a_scan_that_fails_its_check_is_replaced_and_announced_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kernel: object, says: str
) -> None:
    monkeypatch.setattr(scan, "_load", lambda name: kernel)
    scan._choose_cuda.cache_clear()
    with caplog.at_level(logging.WARNING, logger="nircolor"):
        chosen = [scan._choose_cuda(torch.device("cpu"), 4) for _ in range(2)]
    scan._choose_cuda.cache_clear()
    assert chosen == ["reference", "reference"]
    assert len(caplog.records) == 1
    assert says in caplog.text


def test_the_check_works_inside_inference_mode_and_leaves_random_numbers_alone() -> None:
    state = torch.get_rng_state()
    with torch.inference_mode():
        assert scan._difference(scan._load("numba"), torch.device("cpu"), 4) < 1e-5
    assert torch.equal(torch.get_rng_state(), state)


def test_running_out_of_memory_in_the_check_says_nothing_about_the_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*inputs: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(scan, "_load", lambda name: full)
    with pytest.raises(torch.OutOfMemoryError):
        scan._fault("triton", torch.device("cpu"), 4)


def selective_scan_fn(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, delta_bias: Tensor, delta_softplus: bool
) -> Tensor:
    """mamba-ssm's function, in its layout, in plain torch."""
    assert delta_softplus
    assert all(x.is_contiguous() for x in (u, delta, B, C))
    delta = F.softplus(delta + delta_bias[:, None])
    u, delta, B, C = (x.transpose(1, 2) for x in (u, delta, B, C))
    return selective_scan_reference(u, delta, A, B, C, D).transpose(1, 2)


def test_mamba_adapter_hands_over_the_right_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for mamba-ssm, which needs a GPU."""
    stand_in = types.ModuleType("mamba_ssm.ops.selective_scan_interface")
    stand_in.selective_scan_fn = selective_scan_fn  # type: ignore[attr-defined]
    for name in ("mamba_ssm", "mamba_ssm.ops"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    monkeypatch.delitem(sys.modules, "nircolor.scan.mamba", raising=False)
    found = errors("mamba", make(2, 3, 5, 6, 4))
    monkeypatch.delitem(sys.modules, "nircolor.scan.mamba")
    assert max(found.values()) < 1e-5, found


@needs_gpu
@needs_triton
@pytest.mark.parametrize("shape", GPU_SHAPES)
def test_triton_equals_reference_on_the_gpu(shape: Shape) -> None:
    assert max(errors("triton", make(*shape), "cuda").values()) < 1e-5
    assert max(errors("triton", mixed(shape), "cuda").values()) < 1e-2


@needs_gpu
@needs_triton
def test_gpu_results_are_reproducible_and_auto_takes_triton() -> None:
    assert scan.choose(torch.device("cuda")) == "triton"
    results = []
    for _ in range(2):
        inputs = [x.cuda().requires_grad_() for x in make(2, 20, 30, 96, 16)]
        y = cross_scan(*inputs)
        results.append([y, *torch.autograd.grad(y.square().sum(), inputs)])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@needs_gpu
@pytest.mark.skipif(importlib.util.find_spec("mamba_ssm") is None, reason="mamba-ssm is not installed")
@pytest.mark.parametrize("shape", [(2, 5, 7, 40, 16), (1, 33, 20, 96, 16)])
def test_mamba_equals_reference_on_the_gpu(shape: Shape) -> None:
    assert max(errors("mamba", make(*shape), "cuda").values()) < 1e-4


if __name__ == "__main__":
    print(json.dumps(interpret()))
