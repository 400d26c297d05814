"""A batch on its way to a device, and in parts that fit into its memory."""

from __future__ import annotations

from dataclasses import fields

import torch

from nircolor.training.data_loader import Batch


def moved(batch: Batch, device: torch.device) -> Batch:
    """The batch on a device; on its way there the processor need not wait for it."""
    if device.type == "cpu":
        return batch
    pin = device.type == "cuda"
    tensors = {f.name: getattr(batch, f.name) for f in fields(batch)}
    return Batch(**{k: (v.pin_memory() if pin else v).to(device, non_blocking=pin) for k, v in tensors.items()})


def parts_of(batch: Batch, count: int) -> list[Batch]:
    """``count`` equal parts of a batch, whose size is a multiple of it."""
    split = {f.name: getattr(batch, f.name).chunk(count) for f in fields(batch)}
    return [Batch(**{name: chunks[i] for name, chunks in split.items()}) for i in range(count)]
