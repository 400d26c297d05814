"""Whether a network is that of some tensors, found out without memory for it.

It is made on the ``meta`` device, where tensors have shapes and no content, and no further than there are tensors.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

Shapes = Mapping[str, tuple[int, ...]]


def check_fit(make: Callable[[], nn.Module], shapes: Shapes) -> None:
    """Raise ValueError, in one line, unless ``make`` makes a network whose tensors have these names and shapes."""
    try:
        with torch.device("meta"), _at_most(len(shapes)):
            state = make().state_dict()
    except (_TooManyError, TypeError, ValueError, ArithmeticError, LookupError, RuntimeError) as error:
        raise ValueError(str(error).strip().splitlines()[-1][:200] if str(error) else type(error).__name__) from error
    for name in [*state, *shapes]:
        here, there = shapes.get(name), tuple(state[name].shape) if name in state else None
        if here != there:
            raise ValueError(f"{name[:100]} is {_shape(here)} in the file and {_shape(there)} in the network")


def _shape(shape: tuple[int, ...] | None) -> str:
    return "nowhere" if shape is None else " x ".join(map(str, shape)) or "one number"


class _TooManyError(Exception):
    pass


@contextmanager
def _at_most(count: int) -> Iterator[None]:
    """Within, this thread may make so many parameters; one more ends the making of the network."""
    made, ours = 0, threading.get_ident()

    def watch(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        nonlocal made
        made += threading.get_ident() == ours
        if made > count:
            raise _TooManyError(f"it describes more than the {count} tensors that the file holds")

    hook = register_module_parameter_registration_hook(watch)
    try:
        yield
    finally:
        hook.remove()
