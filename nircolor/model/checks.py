"""What the description of a network may still not say: values that its fields exclude, and choices that contradict each
other. For recipes, and for weights files, which come from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from nircolor.bounds import Fault, faults, nearest
from nircolor.model.config import EDGE_KIND, NETWORK, BranchConfig, ModelConfig
from nircolor.model.efficientnet import LAYOUTS, SMALL
from nircolor.values import Refuse

MOST_LEVELS = 8  # sides are padded to a multiple of 2 ** levels


def check_model(model: ModelConfig, refuse: Refuse) -> None:
    """Raises what ``refuse`` makes of the first fault."""
    for fault in chain(faults(model, "model", NETWORK), model_faults(model)):
        raise refuse(*fault)


def model_faults(model: ModelConfig) -> Iterator[Fault]:
    """Choices that contradict each other; bounds of single fields are not looked at."""
    for name, branch in (("rgb", model.rgb), ("prior", model.prior)):
        yield from _branch(branch, f"model.{name}", model.vss.head if model.vss.attention else 0)
    if model.prior.widths[0] < 4:
        yield "model.prior.widths.0", model.prior.widths[0], "must be at least 4"
    if model.direction == "nir" and model.prior.kind not in LAYOUTS:
        yield "model.prior.kind", model.prior.kind, f"for near-infrared from colour: {nearest('', LAYOUTS)}"
    if model.prior.kind == EDGE_KIND:
        yield from _edge(model)
    if model.criss_cross > len(model.rgb.widths):
        yield "model.criss_cross", model.criss_cross, f"model.rgb has {len(model.rgb.widths)} levels"


def _branch(branch: BranchConfig, path: str, head: int) -> Iterator[Fault]:
    if not branch.widths or len(branch.widths) != len(branch.blocks):
        yield f"{path}.blocks", list(branch.blocks), f"must be one for each of {path}.widths = {list(branch.widths)}"
    if len(branch.widths) > MOST_LEVELS:
        yield f"{path}.widths", list(branch.widths), f"must be at most {MOST_LEVELS} levels"
    if branch.kind in LAYOUTS:
        yield from _pretrained(branch, path, len(LAYOUTS[branch.kind].taps), 4)
    if branch.kind == EDGE_KIND:
        yield from _pretrained(branch, path, len(SMALL.taps), 2)
    for i, (width, blocks) in enumerate(zip(branch.widths, branch.blocks, strict=False)):
        heads = max(1, width // head) if head and blocks and branch.kind != "separable" else 1
        if width % heads:
            yield f"{path}.widths.{i}", width, f"cannot be shared by {heads} heads (model.vss.head = {head})"


def _pretrained(branch: BranchConfig, path: str, levels: int, stride: int) -> Iterator[Fault]:
    """Its maps are what they are: nothing in the tensors shows another stride."""
    if len(branch.widths) != levels:
        yield f"{path}.widths", list(branch.widths), f"must be {levels} with {branch.kind}"
    if branch.stride != stride:
        yield f"{path}.stride", branch.stride, f"must be {stride} with {branch.kind}"


def _edge(model: ModelConfig) -> Iterator[Fault]:
    if model.head != "affine":
        yield "model.head", model.head, f"must be affine with {EDGE_KIND}"
    if model.equalize or model.paint_size:
        name = "equalize" if model.equalize else "paint_size"
        yield f"model.{name}", getattr(model, name), f"not with {EDGE_KIND}"
    if model.direction == "nir":
        yield "model.direction", "nir", f"not with {EDGE_KIND}"
