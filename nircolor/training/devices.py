"""Where a run trains: one CPU, one GPU, many of them, many machines. Lightning Fabric launches and talks between them.

Fabric rather than Accelerate: it keeps no global state, so that two trainers can live in one process; it starts the
processes of one machine itself, and finds those that torchrun or SLURM started. The networks are not wrapped in its
DistributedDataParallel: a step runs each critic twice and the two branches apart, and spectral norms change their
buffers in between, none of which that takes. ``mean_gradients`` is what remains to be done, in one message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from nircolor.device import choose_device
from nircolor.errors import DeviceError, UsageError
from nircolor.events import Reporter

if TYPE_CHECKING:
    from lightning_fabric import Fabric
    from lightning_fabric.wrappers import _FabricOptimizer

PRECISIONS = {"bf16": "bf16-mixed", "fp16": "16-mixed", "fp32": "32-true"}


def fabric_for(
    precision: str, device: str = "cpu", processes: int = 1, machines: int = 1, reporter: Reporter | None = None
) -> Fabric:
    """What a run trains on; ``launch()`` it before use when there are several processes.

    Args:
        precision: ``bf16``, ``fp16`` or ``fp32``. A CPU has no fast path for fp16: it trains in bf16, which is
            announced; MPS trains in fp32.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        processes: on this machine, each with a GPU of its own, or all on the CPU. machines: all run the same command.
        reporter: gets a warning where the precision is another than asked for.

    Raises DeviceError when Fabric is not installed or the devices are not there, UsageError for an impossible choice.
    """
    place = choose_device(device)
    numbered = ":" in device
    if processes > 1 and (numbered or place.type == "mps"):
        reason, remedy = f"one device, but `processes={processes}`", "give `device=cuda` or cpu"
        raise UsageError(reason, option="device", value=device, remedy=remedy)
    if place.type == "cuda" and processes > torch.cuda.device_count():
        reason = f"torch sees {torch.cuda.device_count()} CUDA devices"
        raise DeviceError(reason, option="processes", value=processes)
    devices = [place.index] if numbered else processes
    strategy = "ddp" if processes * machines > 1 else "auto"
    try:
        from lightning_fabric import Fabric
    except ImportError as error:
        remedy = "pip install 'nircolor[train]'"
        raise DeviceError(f"training needs lightning-fabric ({error})", remedy=remedy) from error
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # what it has to say, nircolor says
    return Fabric(
        accelerator=place.type,
        devices=devices,
        num_nodes=machines,
        strategy=strategy,
        precision=_precision(precision, place, (reporter or Reporter()).warn),  # type: ignore[arg-type]
    )


def _precision(name: str, place: torch.device, warn: Callable[[str], None]) -> str:
    if name == "fp16" and place.type == "cpu":
        warn("optim.precision fp16: a CPU has no fast path for it; training in bf16 instead")
        name = "bf16"
    if place.type == "mps" and name != "fp32":
        warn(f"optim.precision {name}: not on MPS; training in fp32 instead")
        name = "fp32"
    return PRECISIONS[name]


def stepper(fabric: Fabric, optimiser: torch.optim.Optimizer) -> _FabricOptimizer:
    """The optimiser as one that knows of Fabric's precision."""
    wrapped = fabric.setup_optimizers(optimiser)
    return wrapped[0] if isinstance(wrapped, tuple) else wrapped


def mean_gradients(fabric: Fabric, module: nn.Module) -> None:
    """Give every process the mean of all processes' gradients: what one process would have with all of the batch."""
    if fabric.world_size == 1:
        return
    gradients = [_gradient(parameter) for parameter in module.parameters() if parameter.requires_grad]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    _copy_back(fabric.all_reduce(flat, reduce_op="mean"), gradients)  # type: ignore[arg-type]


def _gradient(parameter: nn.Parameter) -> Tensor:
    """Every process sends every gradient, also one that its share of the batch did not need."""
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


def _copy_back(flat: Tensor, gradients: Iterable[Tensor]) -> None:
    start = 0
    for gradient in gradients:
        gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
        start += gradient.numel()


def stop_others(fabric: Fabric) -> None:
    """End the processes that this one launched: after an error here they would wait for it for ever."""
    for process in getattr(fabric.strategy.launcher, "procs", ()):
        process.terminate()
