"""A training run written down: every choice in frozen dataclasses. ``recipe_file`` reads them from TOML."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from nircolor.bounds import AT_LEAST_1, DECAY, FRACTION, POSITIVE, SHARE
from nircolor.errors import UsageError
from nircolor.model import ModelConfig
from nircolor.model import texture as autoencoder
from nircolor.model.config import NETWORK
from nircolor.training.augment import AugmentConfig

BestBy = Literal["psnr", "ssim", "angle", "lpips-squeeze"]


@dataclass(frozen=True)
class SourceConfig:
    """One folder of pairs, below the data root, in any layout that ``datasets.open_dataset`` knows; or, of kind "rgb",
    of colour photographs alone, whose near-infrared is made by the weights ``nir_from`` (recipe nir-from-rgb)."""

    folder: str
    split_file: str = ""
    split: str = ""
    weight: float = 1.0
    turn: bool = False
    leave_out: tuple[str, ...] = ()  # scenes: those of a place that is judged, for instance
    kind: Literal["pairs", "rgb"] = "pairs"
    nir_from: str = ""


@dataclass(frozen=True)
class RenderedConfig:
    """Scenes of the project's own renderer among the training pairs."""

    scenes: int = 0
    weight: float = 0.05  # beside the weights of the sources
    side: int = field(default=256, metadata=AT_LEAST_1)


@dataclass(frozen=True)
class LossConfig:
    """Weights of the terms; one that is 0 is not computed.

    The papers' objective is ``mse`` (MSE(rgb) + MSE(hsv)) + ``feature`` L_rec + ``adversarial`` L_GAN (HAQAGen eq. 4,
    ColorMamba eq. 10). L_rec = ``alpha`` l2 + ``gamma`` cosine distance of texture features + ``beta`` CDF + ``delta``
    VGG relu4_2 (HAQAGen eq. 3) + ``ms_ssim`` (1 - MS-SSIM), which ColorMamba eq. 8 has instead of CDF and VGG.
    """

    pixel: float = 1.0
    blurred: float = 0.5
    angular: float = 1.0
    prior: float = 0.5
    perceptual: float = 0.0  # LPIPS-squeeze
    # of the batch that the perceptual term looks at: it costs as much as a network
    perceptual_share: float = field(default=1.0, metadata=SHARE)
    perceptual_weights: str = ""  # a file of LPIPS-squeeze weights; where it is given, validation measures LPIPS too
    mse: float = 0.0  # lambda_mse; HSV in cone coordinates, where hue is an angle
    feature: float = 0.0  # lambda_feat
    alpha: float = 1.0
    beta: float = 1.5
    gamma: float = 1.0
    delta: float = 0.2
    ms_ssim: float = 0.0
    feature_on_hsv: bool = False  # L_rec of the HSV map too
    texture_weights: str = ""  # a file of the texture autoencoder; empty: the run trains its own first, see [texture]
    vgg_weights: str = ""  # a file of VGG weights up to relu4_2, or "torchvision": those of the one that is installed
    adversarial: float = 0.0  # lambda_adv
    gan: Literal["hinge", "vanilla"] = "hinge"
    critic_rate: float = 0.0  # learning rate of the critics; 0: that of the generator
    critic_spaces: tuple[Literal["rgb", "hsv"], ...] = ("rgb", "hsv")

    @property
    def textured(self) -> bool:
        """Whether features of the texture autoencoder are compared."""
        return bool(self.feature and (self.alpha or self.gamma or self.ms_ssim))


@dataclass(frozen=True)
class TextureConfig:
    """Pretraining of the texture autoencoder f on the recipe's training crops (HAQAGen section 3.2), if it is used."""

    steps: int = field(default=2000, metadata=AT_LEAST_1)
    # crops of each training batch that it sees: at most ``optim.batch``
    batch: int = field(default=8, metadata=AT_LEAST_1)
    rate: float = field(default=1e-3, metadata=POSITIVE)
    width: int = field(default=32, metadata=AT_LEAST_1)
    features: int = field(default=32, metadata=AT_LEAST_1)

    @property
    def model(self) -> autoencoder.AutoencoderConfig:
        return autoencoder.AutoencoderConfig(self.width, self.features)


@dataclass(frozen=True)
class EncoderConfig:
    """How a pretrained encoder is treated, where the model has one."""

    # a file of its ImageNet weights, or weights of ours, such as lite, whose encoder goes on; empty: it starts from
    # nothing (or from ``start_from``)
    weights: str = ""
    rate: float = 0.3  # its learning rate, as a multiple of ``optim.rate``; AdamW trains it, whatever trains the rest
    frozen: int = 3  # blocks that stay as they are, the stem with them


@dataclass(frozen=True)
class OptimConfig:
    """AdamW, or Muon with it, with a linear warm-up, then a cosine down to ``final_rate`` of ``rate``, or a constant
    rate."""

    steps: int = 10000  # 0 where ``epochs`` says how long
    epochs: int = 0  # passes over as many samples as there are pairs; see ``steps_of``
    batch: int = field(default=8, metadata=AT_LEAST_1)  # samples of one update, of all processes together
    rate: float = field(default=5e-4, metadata=POSITIVE)
    matrix_rate: float = 0.0  # Muon trains matrices and kernels, at this many times ``rate``; 0: AdamW trains them too
    final_rate: float = field(default=0.01, metadata=FRACTION)  # as a fraction of ``rate``
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: int = 200
    weight_decay: float = 0.02
    beta1: float = field(default=0.9, metadata=DECAY)
    beta2: float = field(default=0.99, metadata=DECAY)
    clip: float = 1.0  # largest norm of the generator's gradient; 0: not clipped
    ema: float = field(default=0.998, metadata=DECAY)  # decay of the averaged weights; 0: no average
    # parts in which a process works on its share of a batch: less memory, the same update
    accumulate: int = field(default=1, metadata=AT_LEAST_1)
    # updates of the generator for one of the critics: n_gen of ColorMamba's algorithm 1
    generator_steps: int = field(default=1, metadata=AT_LEAST_1)
    precision: Literal["bf16", "fp16", "fp32"] = "bf16"  # of products and convolutions; parameters and losses: float32


@dataclass(frozen=True)
class StageConfig:
    """A first part of a run, on smaller views: what things are is learned there, at a fraction of the cost."""

    share: float = field(metadata=SHARE)  # of all steps
    size: int = field(metadata=AT_LEAST_1)  # instead of ``augment.size``
    batch: int = field(metadata=AT_LEAST_1)  # instead of ``optim.batch``
    weights: tuple[float, ...] = ()  # instead of those of the sources and, last, of the rendered scenes


@dataclass(frozen=True)
class Recipe:
    """``model`` is the preset with the changes of the file's [model] table; it keeps the preset's name, which says what
    it was before them, unless the table names it."""

    preset: str
    model: ModelConfig = field(metadata=NETWORK)
    sources: tuple[SourceConfig, ...]
    validation: tuple[SourceConfig, ...] = ()
    rendered: RenderedConfig = field(default_factory=RenderedConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    texture: TextureConfig = field(default_factory=TextureConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    stages: tuple[StageConfig, ...] = ()  # in this order, before the rest of the run
    seed: int = 0
    save_every: int = field(default=200, metadata=AT_LEAST_1)
    validate_every: int = 1000  # steps; 0: once an epoch
    best_by: BestBy = "psnr"  # mean over the validation sets; decides on best.safetensors
    patience: int = 0  # validations without a new best before the run ends early; 0: never
    start_from: str = ""  # weights to begin with: a name, a path or an hf:// reference

    def to_dict(self) -> dict[str, Any]:
        """Every value, defaults included; ``recipe_file.parse_recipe`` is the inverse, also by way of JSON."""
        return asdict(self)


def steps_of(optim: OptimConfig, pairs: int) -> int:
    """Steps of a whole run on this many training pairs: an epoch has as many samples as there are pairs.

    ``generator_steps`` does not count: a step is one of the critics' with all of the generator's that belong to it.
    """
    return optim.steps or math.ceil(optim.epochs * pairs / optim.batch)


def check_share(recipe: Recipe, processes: int) -> None:
    """Whether so many processes, each in ``accumulate`` parts, can share a batch equally. Raises UsageError."""
    accumulate = recipe.optim.accumulate
    batches = {"optim.batch": recipe.optim.batch}
    batches |= {f"stages.{i}.batch": stage.batch for i, stage in enumerate(recipe.stages)}
    for key, batch in batches.items():
        if batch % (processes * accumulate):
            raise UsageError(
                f"{key} = {batch}: cannot be shared by {processes} processes in {accumulate} parts each; "
                f"give a multiple of {processes * accumulate}"
            )
