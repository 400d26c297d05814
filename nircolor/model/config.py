"""Every size of a network in one frozen dataclass, and the named presets."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from nircolor.bounds import AT_LEAST_1, at_most, inside, limit, one_of
from nircolor.model.efficientnet import LAYOUTS
from nircolor.model.vss import VSSConfig

ONE_OR_TWO = limit("must be 1 or 2", lambda v: v in (1, 2))
ONE_TWO_OR_FOUR = limit("must be 1, 2 or 4", lambda v: v in (1, 2, 4))
PRIOR_SIZES = limit("must be 1 to 2048", lambda v: 1 <= v <= 2048)  # squared, it is what G_B looks at in one go
REDUCTIONS = limit("must be 1 to 4", lambda v: 1 <= v <= 4)  # maps enlarged further show halos along edges
PAINT_SIZES = limit("must be 0 to 4096", lambda v: 0 <= v <= 4096)

EDGE_KIND = "edge"
NETWORK = at_most(1 << 16)  # larger numbers cannot be meant in a network, and would ask for all memory


@dataclass(frozen=True)
class BranchConfig:
    """One U-Net branch: channels and VSS blocks of each level, finest first. Each further level halves the picture."""

    widths: tuple[int, ...] = field(metadata=AT_LEAST_1)
    blocks: tuple[int, ...]
    kind: str = field(default="mamba", metadata=one_of("mamba", "separable"))
    """"mamba": residual blocks with VSS blocks. "separable": a depthwise-separable CNN of ``blocks`` a level.
    "efficientnet-lite0": a pretrained encoder; widths and VSS blocks are its decoder's (see ``pyramid.py``). "edge":
    the same, of convolutions alone, and there is no other branch (``edge.py``)."""
    # of the first convolution: 2 skips the full-size level, where time goes and colour does not
    stride: int = field(default=1, metadata=ONE_OR_TWO)


@dataclass(frozen=True)
class ModelConfig:
    """A dual-branch generator: ``prior`` is G_B, ``rgb`` is G_A."""

    name: str
    rgb: BranchConfig
    prior: BranchConfig = field(
        metadata=inside(kind=one_of("mamba", "separable", EDGE_KIND, *LAYOUTS), stride=ONE_TWO_OR_FOUR)
    )
    # "rgb": what this tool is for; "nir": near-infrared from colour, by the ``prior`` alone
    direction: str = field(default="rgb", metadata=one_of("rgb", "nir"))
    vss: VSSConfig = field(default_factory=VSSConfig)
    # "instance" as published, "channel" without tile statistics
    norm: str = field(default="instance", metadata=one_of("instance", "channel"))
    prior_features: int = 0  # channels that G_B hands to G_A beside the HSV map
    spade: bool = True  # condition the decoder on the prior (HAQAGen Table 5)
    spade_hidden: int = field(default=64, metadata=AT_LEAST_1)
    # channels at full size, where texture and prior are fused
    fusion_width: int = field(default=64, metadata=AT_LEAST_1)
    criss_cross: int = (
        0  # 0: attention on the fused full-size map, as published; n: on the decoder's n-th map, coarsest last
    )
    # the prior sees a whole picture reduced to at most this number of pixels, squared
    prior_size: int = field(default=256, metadata=PRIOR_SIZES)
    # of the picture that G_A with an affine head looks at, in training too; see ``Generator.paint``
    reduction: int = field(default=1, metadata=REDUCTIONS)
    # likewise for G_A with an affine head, whose maps then enlarge; 0: always at full size
    paint_size: int = field(default=0, metadata=PAINT_SIZES)
    equalize: bool = False  # NIR pictures are histogram-equalised first, in training and ever after (HAQAGen 4.1)
    # "sigmoid": colours; "affine": a gain and an offset of the NIR value for each channel
    head: str = field(default="sigmoid", metadata=one_of("sigmoid", "affine"))

    @property
    def multiple(self) -> int:
        """Heights and widths are padded to this inside the network."""
        return max(branch.stride << (len(branch.widths) - 1) for branch in (self.rgb, self.prior))

    @property
    def least(self) -> int:
        """Smallest side inside the network: instance norm needs two samples on the coarsest level."""
        return self.multiple * (2 if self.norm == "instance" else 1)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(values: dict[str, Any]) -> ModelConfig:
        """The inverse of ``to_dict``; lists from JSON become tuples. Unknown keys raise TypeError."""
        branches = {key: _branch(values[key]) for key in ("rgb", "prior")}
        return ModelConfig(**{**values, **branches, "vss": VSSConfig(**values["vss"])})


def _branch(values: dict[str, Any]) -> BranchConfig:
    return BranchConfig(**{**values, "widths": tuple(values["widths"]), "blocks": tuple(values["blocks"])})


COLORMAMBA = ModelConfig(
    name="colormamba",
    rgb=BranchConfig(widths=(64, 128, 256, 512, 1024), blocks=(0, 2, 2, 2, 0)),
    prior=BranchConfig(widths=(64, 128, 256, 512), blocks=(0, 1, 1, 1)),
    prior_features=64,
)
HAQAGEN = ModelConfig(
    name="haqagen",
    rgb=BranchConfig(widths=(64, 128, 256, 512, 1024), blocks=(0, 2, 2, 2, 0)),
    prior=BranchConfig(widths=(48, 96, 192, 384), blocks=(2, 2, 3, 3), kind="separable"),
)
LITE = ModelConfig(
    name="lite",
    rgb=BranchConfig(widths=(16, 32, 64), blocks=(0, 0, 1), stride=2),
    prior=BranchConfig(widths=(32, 64, 96, 128), blocks=(0, 0, 1, 1), kind="efficientnet-lite0", stride=4),
    vss=VSSConfig(state=8),
    norm="channel",
    prior_features=9,
    spade_hidden=12,
    fusion_width=8,
    criss_cross=2,
    prior_size=256,
    reduction=2,
    paint_size=288,
    head="affine",
)
EDGE = ModelConfig(
    name="edge",
    rgb=BranchConfig(widths=(8,), blocks=(0,)),  # not used
    prior=BranchConfig(widths=(16, 32, 48, 64, 96), blocks=(1, 1, 1, 1, 1), kind=EDGE_KIND, stride=2),
    norm="channel",
    spade=False,
    prior_size=1024,
    reduction=2,
    head="affine",
)
NIR_FROM_RGB = ModelConfig(
    name="nir-from-rgb",
    direction="nir",
    rgb=BranchConfig(widths=(8,), blocks=(0,)),  # not used
    prior=BranchConfig(widths=(32, 64, 96, 128), blocks=(0, 0, 1, 1), kind="efficientnet-lite0", stride=4),
    vss=VSSConfig(state=8),
    norm="channel",
    head="affine",
)
PRESETS = {config.name: config for config in (COLORMAMBA, HAQAGEN, LITE, EDGE, NIR_FROM_RGB)}
