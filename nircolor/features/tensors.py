"""The tensors of a feature network that is not ours: safetensors only, every failure one line."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from nircolor.errors import WeightsError


def load_tensors(path: str | Path, name: str) -> dict[str, Tensor]:
    """All tensors of a safetensors file, float32. ``name`` is what messages call the network. Raises WeightsError, for
    one that is not finite, too.
    """
    if Path(path).exists() and not Path(path).is_file():  # a pipe that nobody writes to would wait for ever
        raise WeightsError(f"the {name} weights are no regular file: give a file", path=path)
    try:
        tensors = {key: value.float() for key, value in load_file(path).items()}
    except OSError as error:
        raise WeightsError(f"the {name} weights cannot be read ({error.strerror or error})", path=path) from error
    except Exception as error:  # safetensors has an error class of its own, derived from Exception alone
        raise WeightsError(f"not a safetensors file ({error})", path=path) from error
    for key, value in tensors.items():
        if not value.isfinite().all():
            raise WeightsError(f"tensor {key[:100]!r} holds a NaN or an infinity: give another file", path=path)
    return tensors
