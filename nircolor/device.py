"""Which device, and in which precision: what is asked for, what is there, and what pays."""

from __future__ import annotations

from pathlib import Path

import torch

from nircolor import threads
from nircolor.errors import DeviceError, UsageError

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str) -> torch.device:
    """``auto`` is CUDA, then MPS, then the CPU, whose threads will sleep when they wait (``threads.py``).

    Raises UsageError for unknown names, DeviceError for absent ones.
    """
    device = _chosen(name)
    if device.type == "cpu":
        threads.settle()
    return device


def _chosen(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if _mps() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (index and not index.isdecimal()):
        raise UsageError("unknown", option="device", value=name, remedy="give auto, cpu, cuda, cuda:N or mps")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise _absent(name, f"torch sees {torch.cuda.device_count()} CUDA devices")
    if kind == "mps" and not _mps():
        raise _absent(name, "not available on this machine")
    return torch.device(name)


def _absent(name: str, reason: str) -> DeviceError:
    return DeviceError(reason, option="device", value=name, remedy="try `device=cpu`")


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """``auto`` is bf16 where the device has units for it, else fp32.

    Raises UsageError for an unknown name and DeviceError for fp16 on a CPU, which has no fast path for it.
    """
    if name == "auto":
        fast = has_bf16_cpu() if device.type == "cpu" else device.type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if fast else torch.float32
    if name not in PRECISIONS:
        remedy = f"give auto, {', '.join(PRECISIONS)}"
        raise UsageError("unknown", option="precision", value=name, remedy=remedy)
    if name == "fp16" and device.type == "cpu":
        raise DeviceError("not on a CPU", option="precision", value=name, remedy="give bf16 or fp32")
    return PRECISIONS[name]


def precision_name(dtype: torch.dtype) -> str:
    return next(name for name, value in PRECISIONS.items() if value == dtype)


def has_bf16_cpu() -> bool:
    """Whether this CPU multiplies bf16 in hardware (AVX512-BF16 or AMX); without it bf16 is slower than fp32.

    torch's own answer covers every x86 and ARM system; where a version of torch lacks it, Linux is asked.
    """
    try:
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    except AttributeError:
        cpuinfo = Path("/proc/cpuinfo")
        return cpuinfo.exists() and "avx512_bf16" in cpuinfo.read_text(errors="replace")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device has no memory left; torch reports it in three ways."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(
        words in str(error) for words in ("can't allocate memory", "not enough memory", "out of memory")
    )


def _mps() -> bool:
    return torch.backends.mps.is_available()
