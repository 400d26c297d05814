"""What ``examine`` finds out: each function looks at one thing and returns plain JSON values."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import sys
from importlib import metadata, util
from pathlib import Path
from typing import Any

from nircolor.errors import NircolorError, WeightsError

PACKAGES = (
    "torch",
    "numpy",
    "numba",
    "onnxruntime",
    "opencv-python-headless",
    "tifffile",
    "imagecodecs",
    "pillow",
    "scikit-image",
    "safetensors",
    "huggingface-hub",
    "typer",
    "rich",
)
SUBSTITUTES = {"opencv-python-headless": ("opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python")}
EXTRAS = {
    "mamba": ("mamba_ssm",),
    "ray": ("ray",),
    "lpips": ("torchvision", "lpips"),
    "geo": ("rasterio",),
    "heic": ("pillow_heif",),
    "exr": ("OpenEXR",),
    "raw": ("rawpy",),
    "serve": ("starlette", "uvicorn", "python_multipart"),
}

Values = dict[str, Any]


def versions() -> dict[str, str | None]:
    """Installed version of each package that nircolor needs; None where it is missing."""
    return {name: next(filter(None, map(_version, (name, *SUBSTITUTES.get(name, ())))), None) for name in PACKAGES}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def python() -> Values:
    return {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "platform": platform.platform(),
    }


def cpu() -> Values:
    """Needs torch."""
    import torch

    from nircolor.device import has_bf16_cpu

    info = _cpuinfo()
    flags = set(info.get("flags", "").split())
    return {
        "model": info.get("model name") or _mac_cpu() or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "bf16": has_bf16_cpu(),
        "bf16_units": [name for name in ("avx512_bf16", "amx_bf16") if name in flags],
    }


def _cpuinfo() -> dict[str, str]:
    """The first processor of /proc/cpuinfo; empty where there is none."""
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace").split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _mac_cpu() -> str:
    if platform.system() != "Darwin":
        return ""
    command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def cuda() -> Values:
    """Needs torch. ``built`` says whether this torch could use a GPU at all."""
    import torch

    devices = []
    for index in range(torch.cuda.device_count()):
        found = torch.cuda.get_device_properties(index)
        devices.append(
            {
                "name": found.name,
                "memory_gib": round(found.total_memory / 2**30, 1),
                "capability": f"{found.major}.{found.minor}",
            }
        )
    return {"built": torch.version.cuda or torch.version.hip, "devices": devices}


def mps() -> bool:
    """Needs torch."""
    import torch

    return torch.backends.mps.is_available()


def scan() -> Values:
    """Needs torch. Runs the scan that ``auto`` chooses on a few pixels, beside the plain reference."""
    import torch

    from nircolor.device import choose_device
    from nircolor.model.ssm import SelectiveScan2D
    from nircolor.scan import choose

    device = choose_device("auto")
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(0)
        layer, x = SelectiveScan2D(channels=8, state=4), torch.rand(1, 5, 7, 8)
        fast = layer.to(device)(x.to(device)).cpu()
        plain = layer.cpu().double()(x.double())  # the kernels are for float32: float64 takes the reference
    error = (fast - plain).abs().max().item() / plain.abs().max().item()
    return {"device": str(device), "kernel": choose(device), "error": error, "sound": error < 1e-3, **_scan_cache()}


def _scan_cache() -> Values:
    """Where numba keeps compiled kernels; without such a folder every run compiles them anew."""
    from nircolor.scan import kernels

    compiled = (function for function in vars(kernels).values() if hasattr(function, "stats"))
    folder: str | None = next((function.stats.cache_path for function in compiled), None)
    return {"cache": folder, "cache_writable": folder is not None and os.access(folder, os.W_OK)}


def packaged_weights() -> list[Values]:
    """All weights that come with nircolor, each verified."""
    from nircolor.weights import list_packaged

    return [_verified(name) for name in list_packaged()]


def _verified(name: str) -> Values:
    from nircolor.weights import locate, verify

    path = locate(name)
    try:
        verify(path)
        data = path.read_bytes()
    except NircolorError as error:
        return {"name": name, "path": str(path), "bytes": None, "sha256": None, "error": str(error)}
    digest = hashlib.sha256(data).hexdigest()
    return {"name": name, "path": str(path), "bytes": len(data), "sha256": digest[:12], "error": None}


def onnx() -> list[Values]:
    """Whether onnxruntime runs the packaged weights as torch does: those that have an ONNX file are tried.

    ``file``: None where there is none. ``error``: None where all is well.
    """
    from nircolor.weights import list_packaged

    return [_tried(name) for name in list_packaged()]


def _tried(name: str) -> Values:
    from nircolor.choice import Choice, open_networks
    from nircolor.twin.file import twin_of
    from nircolor.weights import locate

    path, error = twin_of(locate(name)), None
    if not path.exists():
        return {"name": name, "file": None, "error": None}
    try:
        open_networks(name, None, Choice("onnx"))
    except NircolorError as fault:
        error = str(fault.with_remedy("reinstall nircolor") if isinstance(fault, WeightsError) else fault)
    return {"name": name, "file": str(path), "error": error}


def extras() -> list[Values]:
    """Optional parts: which of their packages are missing and how to get them."""
    rows = []
    for name, modules in EXTRAS.items():
        missing = [module for module in modules if util.find_spec(module) is None]
        rows.append({"name": name, "missing": missing, "install": f"pip install 'nircolor[{name}]'"})
    return rows


def hub() -> Values:
    """What huggingface_hub makes of the environment; nothing is asked of the network."""
    from huggingface_hub import constants

    # an endpoint may carry a user's name and password
    endpoint = re.sub(r"//[^/@]*@", "//", constants.ENDPOINT)
    return {"cache": str(constants.HF_HUB_CACHE), "offline": bool(constants.HF_HUB_OFFLINE), "endpoint": endpoint}
